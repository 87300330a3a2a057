/** The smallest application, as `bench/app.ts` measures it. */
export default {
  fetch(): Response {
    return new Response("Hello, world");
  },
};

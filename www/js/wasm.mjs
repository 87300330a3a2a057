// A browser runs a streamed module only if it comes as application/wasm.
const sum = document.querySelector("#sum");
try {
  const { instance } = await WebAssembly.instantiateStreaming(fetch("/files/add.wasm"));
  sum.textContent = ` Just now: 40 + 2 = ${instance.exports.add(40, 2)}.`;
  sum.hidden = false;
} catch (error) {
  console.warn("add.wasm did not run:", error);
}

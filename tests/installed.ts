/** Programs of the system that some tests use where they are. */

/** Whether a program can be run here. */
export async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("sh", { args: ["-c", `command -v "$0"`, program], stdout: "null" })
    .output();
  return success;
}

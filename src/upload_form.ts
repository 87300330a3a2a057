/**
 * The form of a listing with which files are added to the folder. Without JavaScript the browser sends it and comes
 * back; with it files can be dropped on the page too, and the progress is shown.
 *
 * An empty form goes first: where a password is needed the browser asks for it then, and not while a large file is on
 * its way that nobody reads.
 *
 * @module
 */

/** The style sheet of the form, beside that of the page. */
export const UPLOAD_STYLE: string = [
  ".add{margin-top:.75rem;padding:.7rem .9rem;border:1.5px dashed var(--edge);border-radius:.5rem}",
  ".add label{font-weight:600}.add input{flex:1 1 14rem;padding:.3rem 0;border-style:none;background:none}",
  ".add input::file-selector-button{font:inherit;color:inherit;background:var(--raised);border:1.5px solid var(--edge);border-radius:.4rem;padding:.2rem .7rem;margin-right:.7rem;cursor:pointer}",
  ".add progress{flex:1 0 100%;width:100%;height:.7rem;accent-color:var(--olive)}.add output{flex:1 0 100%;color:var(--soft)}.add output:empty{display:none}",
  ".add.over{border-color:var(--red);background:var(--raised)}",
].join("");

/** The script of the form. */
export const UPLOAD_SCRIPT = `(() => {
const form = document.querySelector(".add");
const [input, button, bar, output] = ["input", "button", "progress", "output"].map((name) => form.querySelector(name));
const fail = (text) => {
  form.removeAttribute("aria-busy");
  button.disabled = false;
  bar.hidden = true;
  output.textContent = text;
};
const explain = (status) => "Not uploaded: " + ({
  0: "the connection broke off.", 401: "this needs a name and a password.", 403: "this is not allowed here.",
  413: "this is too large.", 507: "there is no room left.",
}[status] ?? "the server answered " + status + ".");
const send = async () => {
  const body = new FormData(form);
  form.setAttribute("aria-busy", "true");
  button.disabled = true;
  bar.hidden = false;
  bar.removeAttribute("value");
  output.textContent = "Uploading…";
  const headers = { Accept: "application/json" };
  const first = await fetch("./", { method: "POST", body: new FormData(), headers }).catch(() => ({ status: 0 }));
  if (first.status !== 201) return fail(explain(first.status));
  const request = new XMLHttpRequest();
  request.open("POST", "./");
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = ({ loaded, total }) => {
    bar.value = loaded / total;
    output.textContent = "Uploading: " + Math.floor(100 * loaded / total) + " %";
  };
  request.onloadend = () => request.status === 201 ? location.replace("./") : fail(explain(request.status));
  request.send(body);
};
form.addEventListener("submit", (event) => {
  event.preventDefault();
  if (!button.disabled) send();
});
const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragover", (event) => {
  if (!hasFiles(event)) return;
  event.preventDefault();
  form.classList.add("over");
});
addEventListener("dragleave", (event) => event.relatedTarget || form.classList.remove("over"));
addEventListener("drop", (event) => {
  form.classList.remove("over");
  if (!hasFiles(event)) return;
  event.preventDefault();
  if (button.disabled || event.dataTransfer.files.length === 0) return;
  input.files = event.dataTransfer.files;
  send();
});
})();
`;

/** The form. */
export const UPLOAD_FORM = `<form class="add" method="post" enctype="multipart/form-data" action="./">
<label for="files">Add files</label>
<input type="file" id="files" name="files" multiple required>
<button>Upload</button>
<progress hidden max="1" aria-label="Progress of the upload"></progress>
<output></output>
</form>`;

// Shows the topmost modal of the person, submits it, and shows its errors.
import { post, toast, valueOf } from "./send.js";

const dialog = document.getElementById("modal");
let shown = "";
let said = "";

export function showModal() {
  const form = dialog.querySelector("form");
  if (!form) {
    shown = "";
    if (dialog.open) dialog.close();
    return;
  }
  if (!dialog.open) dialog.showModal();
  const notes = [...form.querySelectorAll(".block-context")].map((each) => each.textContent.trim()).join(" ");
  const changed = shown === form.dataset.view && notes !== said;
  if (changed) document.getElementById("announce-modal").textContent = notes.slice(0, 200);
  said = notes;
  if (shown !== form.dataset.view) {
    shown = form.dataset.view;
    for (const each of form.querySelectorAll("select[data-current]")) {
      const here = [...each.options].find((option) => option.value === document.body.dataset.channel);
      if (here) here.selected = true;
    }
    (form.querySelector(".modal-body :is(textarea, input, select, button)") ?? form.querySelector("[data-close]"))?.focus();
  }
}

export function setUpModals() {
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    const menu = dialog.querySelector("details.menu[open]");
    if (!menu) { close(false); return; }
    menu.open = false;
    menu.querySelector("summary").focus();
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-close-all]")) close(true);
    else if (event.target.closest("[data-close]")) close(false);
  });
  dialog.addEventListener("submit", (event) => { event.preventDefault(); submit(event.target); });
  dialog.addEventListener("keydown", (event) => {
    const field = event.target;
    if (event.key === "Enter" && field.tagName === "TEXTAREA" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      submit(field.form);
    }
  });
}

async function close(all) {
  const form = dialog.querySelector("form");
  if (form) await post("close", { view: form.dataset.view, all });
}

async function submit(form) {
  if (form.dataset.sending) return;
  const fields = [], files = [];
  for (const each of form.querySelectorAll("[data-reads]")) {
    const { block, action } = each.dataset;
    if (each.dataset.reads === "files") for (const file of each.files) files.push([`${block}--${action}`, file]);
    else fields.push({ block, action, value: valueOf(each) });
  }
  form.dataset.sending = "yes";
  form.querySelector("[type=submit]")?.setAttribute("aria-busy", "true");
  const { warning, errors } = await post("submit", { view: form.dataset.view, fields }, files);
  delete form.dataset.sending;
  form.querySelector("[type=submit]")?.removeAttribute("aria-busy");
  showErrors(form, errors ?? {});
  toast(warning);
  if (warning) showFormError(form, warning);
}

function showErrors(form, errors) {
  for (const each of form.querySelectorAll(".error")) each.hidden = true;
  for (const each of form.querySelectorAll("[aria-invalid]")) each.removeAttribute("aria-invalid");
  let first = null;
  for (const [block, text] of Object.entries(errors)) {
    const place = form.querySelector(`[data-block="${CSS.escape(block)}"] .error`);
    if (!place) { showFormError(form, text); continue; }
    place.textContent = text;
    place.hidden = false;
    const field = form.querySelector(`[data-block="${CSS.escape(block)}"] :is(input, textarea, select)`);
    field?.setAttribute("aria-invalid", "true");
    first ??= field;
  }
  first?.focus();
}

function showFormError(form, text) {
  const place = form.querySelector("[data-form-error]");
  place.textContent = text;
  place.hidden = false;
}

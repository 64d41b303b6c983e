// Sends actions to the server, asks for confirmation, and shows short warnings.
export async function post(action, values, files = []) {
  const form = new FormData();
  form.append("values", JSON.stringify(values));
  for (const [name, file] of files) form.append(name, file);
  try {
    const answer = await fetch(`${document.body.dataset.base}/act/${action}`, { method: "POST", body: form });
    if (answer.ok) return await answer.json();
    if (answer.status === 404) return { warning: "That is no longer there." };
  } catch { /* reported below */ }
  return { warning: "The trial has ended. Start it again in the terminal." };
}

let hideLater;
export function toast(text) {
  if (!text) return;
  const element = document.querySelector(".toast");
  // Everything outside an open form is inert and behind its backdrop.
  (document.querySelector("dialog[open]") ?? document.body).append(element);
  element.textContent = text;
  element.hidden = false;
  clearTimeout(hideLater);
  hideLater = setTimeout(() => { element.hidden = true; }, 8000);
}

export function ask(confirm) {
  if (!confirm) return Promise.resolve(true);
  const { title, text, confirm: yes, deny, style } = JSON.parse(confirm);
  const dialog = document.getElementById("confirm");
  dialog.querySelector("#confirm-title").textContent = title.text;
  dialog.querySelector("[data-confirm-text]").textContent = text.text;
  const button = dialog.querySelector("[data-yes]");
  button.textContent = yes.text;
  button.classList.toggle("danger", style === "danger");
  dialog.querySelector("[data-deny]").textContent = deny.text;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => done(dialog.returnValue === "yes"), { once: true });
  });
}

// The value of a field as the server expects it.
export function valueOf(element) {
  switch (element.dataset.reads) {
    case "choices": {
      const chosen = [...element.querySelectorAll("input:checked")].map((each) => each.value);
      return element.dataset.kind === "radio_buttons" ? chosen[0] ?? null : chosen;
    }
    case "many": return [...element.selectedOptions].map((each) => each.value);
    case "moment": return element.value ? String(Math.floor(new Date(element.value) / 1000)) : null;
    default: return element.value || null;
  }
}

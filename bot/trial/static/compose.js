// The message box: completes names and commands, sends with Enter, and attaches files.
import { post, toast } from "./send.js";

const words = JSON.parse(document.body.dataset.words);

export function setUpComposers() {
  for (const form of document.querySelectorAll("[data-compose]")) setUp(form);
}

function setUp(form) {
  const area = form.querySelector("textarea");
  const list = form.querySelector(".suggest");
  const files = form.querySelector("input[type=file]");
  const error = form.querySelector(".error");
  let chosen = 0;

  const typedWord = () => /(^|\s)([@#][\p{L}\w-]*)$|^(\/.*)$/u.exec(area.value.slice(0, area.selectionStart));

  function suggest() {
    const match = typedWord();
    const start = match ? (match[2] ?? match[3]) : "";
    const fits = start ? words[start[0]].filter((each) => each.toLowerCase().startsWith(start.toLowerCase()) && each !== start) : [];
    list.replaceChildren(...fits.slice(0, 7).map((each, index) => {
      const option = document.createElement("li");
      option.id = `${list.id}-${index}`;
      option.role = "option";
      option.textContent = each;
      option.addEventListener("mousedown", (event) => { event.preventDefault(); take(index); });
      return option;
    }));
    list.hidden = !fits.length;
    choose(0);
  }

  function choose(index) {
    const options = [...list.children];
    chosen = options.length ? (index + options.length) % options.length : 0;
    options.forEach((each, number) => each.setAttribute("aria-selected", String(number === chosen)));
    if (options.length && !list.hidden) area.setAttribute("aria-activedescendant", options[chosen].id);
    else area.removeAttribute("aria-activedescendant");
  }

  function take(index) {
    const match = typedWord();
    const start = match[2] ?? match[3];
    const end = area.selectionStart;
    area.setRangeText(`${list.children[index].textContent} `, end - start.length, end, "end");
    list.hidden = true;
    choose(0);
  }

  async function send() {
    const text = area.value.trim();
    if (!text && !files.files.length) return;
    const sent = area.value, attached = [...files.files].map((file) => ["files", file]);
    area.value = "";
    files.value = "";
    grow();
    const edited = form.dataset.edit;
    delete form.dataset.edit;
    showFiles();
    const answer = await post(edited ? "edit" : "post", {
      channel: document.body.dataset.channel, thread: form.dataset.thread, text, ts: edited ?? "",
    }, attached);
    error.textContent = answer.error ?? "";
    error.hidden = !answer.error;
    toast(answer.warning);
    if (answer.warning && !area.value) area.value = sent;
    if (form.dataset.thread === "" && document.querySelector("[data-region=messages]")) {
      const log = document.querySelector("main [role=log]");
      log.scrollTop = log.scrollHeight;
    }
    area.focus();
  }

  function grow() {
    area.rows = Math.min(10, Math.max(2, area.value.split("\n").length));
  }

  function showFiles() {
    const names = [...files.files].map((file) => file.name);
    if (form.dataset.edit) names.unshift("Editing a message. Escape cancels.");
    form.querySelector(".attached").textContent = names.join(", ");
  }

  area.addEventListener("input", () => { suggest(); grow(); error.hidden = true; });
  area.addEventListener("blur", () => { list.hidden = true; });
  area.addEventListener("keydown", (event) => {
    const open = !list.hidden;
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      choose(chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (open && (event.key === "Tab" || (event.key === "Enter" && area.value[0] !== "/"))) {
      event.preventDefault();
      take(chosen);
    } else if (open && event.key === "Escape") {
      event.stopPropagation();
      list.hidden = true;
    } else if (event.key === "Escape" && form.dataset.edit) {
      event.stopPropagation();
      delete form.dataset.edit;
      area.value = "";
      showFiles();
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      list.hidden = true;
      send();
    }
  });
  files.addEventListener("change", showFiles);
  form.addEventListener("edit-message", (event) => {
    form.dataset.edit = event.detail.ts;
    area.value = event.detail.text;
    grow();
    showFiles();
    area.focus();
  });
  form.addEventListener("submit", (event) => { event.preventDefault(); send(); });
  for (const each of form.querySelectorAll("[data-insert]")) {
    each.addEventListener("click", () => { area.setRangeText(each.dataset.insert, area.selectionStart, area.selectionEnd, "end"); area.focus(); });
  }
  if (form.dataset.thread || !document.body.dataset.thread) if (matchMedia("(min-width: 760px)").matches) area.focus();
}

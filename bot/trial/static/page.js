// The page's script: applies live updates, sends what people do, and moves the focus.
import { follow } from "./live.js";
import { setUpComposers } from "./compose.js";
import { setUpModals } from "./modals.js";
import { ask, post, toast, valueOf } from "./send.js";

const body = document.body;

function targetOf(element) {
  const view = element.closest("[data-view]");
  if (view) return { view: view.dataset.view };
  const article = element.closest("[data-ts]");
  return { channel: body.dataset.channel, ts: article ? article.dataset.ts : "" };
}

async function act(element, value) {
  if (!(await ask(element.dataset.confirm))) return;
  if (element.dataset.url) window.open(element.dataset.url, "_blank", "noopener,noreferrer");
  element.classList.add("busy");
  const answer = await post("click", {
    ...targetOf(element), block: element.dataset.block, action: element.dataset.action, value,
  });
  element.classList.remove("busy");
  toast(answer.warning);
}

document.addEventListener("click", async (event) => {
  const hit = (selector) => event.target.closest(selector);
  const open = hit("details.menu");
  for (const each of document.querySelectorAll("details.menu[open]")) if (each !== open) each.open = false;
  let found;
  if ((found = hit("a[href*='/archives/']"))) {
    const place = /\/archives\/(\w+)\/p(\d{10})(\d{6})/.exec(found.href);
    if (place) {
      event.preventDefault();
      const thread = new URL(found.href).searchParams.get("thread_ts") ?? `${place[2]}.${place[3]}`;
      location.href = `${body.dataset.base}/${place[1]}/thread/${thread}`;
    }
  } else if ((found = hit("[data-press]"))) {
    closeMenu(found);
    await act(found, found.dataset.value ?? null);
  } else if ((found = hit("[data-shortcut]"))) {
    closeMenu(found);
    const article = found.closest("[data-ts]");
    const answer = await post("shortcut", {
      callback_id: found.dataset.shortcut, channel: body.dataset.channel,
      ts: article ? article.dataset.ts : "",
    });
    toast(answer.warning);
  } else if ((found = hit("[data-edit]"))) {
    closeMenu(found);
    const detail = { ts: found.closest("[data-ts]").dataset.ts, text: found.dataset.edit };
    const form = found.closest("main, aside").querySelector("[data-compose]");
    form.dispatchEvent(new CustomEvent("edit-message", { detail }));
  } else if ((found = hit("[data-delete]"))) {
    await post("delete", targetOf(found));
  } else if ((found = hit("[data-stop]"))) {
    await post("stop", { channel: body.dataset.channel, thread: found.dataset.stop });
  } else if ((found = hit("[data-prompt]"))) {
    await tryOut(found);
  } else if ((found = hit("[data-bot]"))) {
    await post("bot", { order: found.dataset.bot });
  } else if (hit("[data-theme-switch]")) {
    switchTheme();
  } else if ((found = hit("[data-toggle-strip]"))) {
    const strip = document.getElementById("strip");
    strip.hidden = !strip.hidden;
    found.setAttribute("aria-expanded", String(!strip.hidden));
    sessionStorage.setItem("strip", strip.hidden ? "" : "open");
  } else if ((found = hit("[data-toggle-nav]"))) {
    const shown = body.classList.toggle("nav-open");
    found.setAttribute("aria-expanded", String(shown));
  }
});

async function tryOut(button) {
  const pane = button.closest("main, aside");
  const thread = button.closest("aside") ? body.dataset.thread : "";
  const answer = await post("post", { channel: body.dataset.channel, thread, text: button.dataset.prompt });
  toast(answer.warning || answer.error);
  pane.querySelector("textarea").focus();  // the button may be gone by now
  if (answer.ts && !thread) location.href = `${body.dataset.base}/${body.dataset.channel}/thread/${answer.ts}`;
}

function closeMenu(element) {
  const menu = element.closest("details.menu");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
}

document.addEventListener("change", async (event) => {
  const fault = event.target.closest("[data-fault]");
  if (fault) {
    const value = fault.type === "checkbox" ? fault.checked : fault.value;
    await post("fault", { name: fault.dataset.fault, value });
    return;
  }
  const field = event.target.closest("[data-acts]");
  if (field && field.dataset.reads) await act(field, valueOf(field));
});

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.("details.menu:not(.up)") || !menu.open) return;
  menu.classList.remove("flip");
  const list = menu.querySelector(".menu-list");
  const frame = (menu.closest(".scroll, .modal-body") ?? body).getBoundingClientRect();
  if (list && list.getBoundingClientRect().bottom > frame.bottom) menu.classList.add("flip");
}, true);

document.addEventListener("toggle", async (event) => {
  const call = event.target.closest?.("[data-call]");
  if (!call || !call.open || call.dataset.loaded) return;
  call.dataset.loaded = "yes";
  const answer = await fetch(`/call/${call.dataset.call}`);
  call.querySelector(".call-body").innerHTML = await answer.text();
}, true);

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || document.querySelector("dialog[open]")) return;
  const menu = document.querySelector("details.menu[open]");
  const close = document.querySelector("[data-close-thread]");
  if (menu) { menu.open = false; menu.querySelector("summary").focus(); }
  else if (body.classList.contains("nav-open")) document.querySelector("[data-toggle-nav]").click();
  else if (close && !document.querySelector(".suggest:not([hidden])")) location.href = close.href;
});

function switchTheme() {
  const root = document.documentElement;
  const dark = root.dataset.theme === "dark" ||
    (root.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.dataset.theme = dark ? "light" : "dark";
  document.cookie = `moa_try_theme=${root.dataset.theme}; path=/; samesite=strict; max-age=31536000`;
}

// Slack's apps report their computer's time zone in the same way.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zone && zone !== body.dataset.zone) post("zone", { name: zone });
if (sessionStorage.getItem("strip")) document.querySelector("[data-toggle-strip]")?.click();
setUpComposers();
setUpModals();
follow();

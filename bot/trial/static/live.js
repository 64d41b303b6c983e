// Follows the server's events and changes only what is new, so that focus and scroll position stay.
import { showModal } from "./modals.js";

const body = document.body;

export function follow() {
  for (const log of document.querySelectorAll("[role=log]")) stayAtEnd(log);
  const query = new URLSearchParams({
    thread: body.dataset.thread, tab: body.dataset.tab, shown: body.dataset.shown,
  });
  const events = new EventSource(`${body.dataset.base}/${body.dataset.channel}/events?${query}`);
  events.onmessage = (event) => apply(JSON.parse(event.data));
  events.addEventListener("gone", () => { location.href = `${body.dataset.base}/${body.dataset.thread ? body.dataset.channel : ""}`; });
  events.onopen = () => { document.body.dataset.live = "yes"; };
  events.onerror = () => { document.body.dataset.live = "no"; };
  window.addEventListener("pagehide", () => events.close());
  showModal();
}

function stayAtEnd(log) {
  let atEnd = true;
  log.scrollTop = log.scrollHeight;
  log.addEventListener("scroll", () => { atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 80; });
  new ResizeObserver(() => { if (atEnd) log.scrollTop = log.scrollHeight; }).observe(log);
}

function apply(regions) {
  for (const [name, change] of Object.entries(regions)) {
    const region = document.querySelector(`[data-region="${name}"]`);
    if (region) applyRegion(region, change);
    if (name === "modal") showModal();
  }
}

function applyRegion(region, { order, items }) {
  const log = region.closest("[role=log]");
  const atEnd = log && log.scrollHeight - log.scrollTop - log.clientHeight < 80;
  const present = new Map([...region.children].map((each) => [each.dataset.key, each]));
  const isNew = present.size > 0;
  for (const [key, element] of present) if (!order.includes(key)) element.remove();
  let last = null;
  for (const key of order) {
    let element = present.get(key);
    const item = items[key];
    if (!element) {
      element = document.createElement(log ? "article" : "div");
      element.dataset.key = key;
      if (log) element.dataset.ts = key;
    }
    if (item && element.dataset.hash !== item.hash) replace(element, item, log && isNew);
    const place = last ? last.nextSibling : region.firstChild;
    if (element !== place) region.insertBefore(element, place);
    last = element;
  }
  if (atEnd) log.scrollTop = log.scrollHeight;
}

function replace(element, item, isMessage) {
  const wasWriting = element.querySelector(".typing") !== null || !element.dataset.hash;
  const focus = focusIn(element);
  const typed = typedIn(element);
  const open = element.querySelector("details.menu[open]") !== null;
  element.innerHTML = item.html;
  element.dataset.hash = item.hash;
  restore(element, typed);
  if (open) element.querySelector("details.menu")?.setAttribute("open", "");
  if (focus) element.querySelector(focus)?.focus();
  if (isMessage && wasWriting && !element.querySelector(".typing")) announce(element);
}

function focusIn(element) {
  const active = document.activeElement;
  if (!active || !element.contains(active)) return "";
  if (active.id) return `#${CSS.escape(active.id)}`;
  const { block, action, fault, bot } = active.dataset;
  if (action) return `[data-block="${CSS.escape(block)}"][data-action="${CSS.escape(action)}"]`;
  if (fault) return `[data-fault="${fault}"][value="${active.value}"]`;
  return bot ? `[data-bot="${bot}"]` : active.tagName === "SUMMARY" ? "summary" : "";
}

function typedIn(element) {
  const typed = new Map();
  for (const each of element.querySelectorAll("[data-input] :is(input, textarea, select)[data-action]")) {
    if (each.type !== "file") typed.set(`${each.dataset.block}--${each.dataset.action}`, each.value);
  }
  return typed;
}

function restore(element, typed) {
  for (const [id, value] of typed) {
    const field = element.querySelector(`#${CSS.escape(id)}`);
    if (field && field.tagName !== "SELECT" && value) field.value = value;
  }
}

function announce(element) {
  const author = element.querySelector(".author")?.textContent ?? "";
  const text = element.querySelector(".message-body .prose")?.textContent ?? "";
  if (author) document.getElementById("announce").textContent = `${author}: ${text.trim().slice(0, 200)}`;
}

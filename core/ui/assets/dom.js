// Small helpers for building and changing the page. Nothing here knows about calls.

function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

// Writing an equal text again would make the browser lay the page out again.
function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function setTip(node, text) {
  if (node.dataset.tip !== text) {
    node.dataset.tip = text;
    node.setAttribute("aria-description", text);
    node.tabIndex = 0;
  }
}

function fill(template, values) {
  return template.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function clock(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (n) => String(n).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
  return hours ? `${hours}:${rest}` : rest;
}

// Below the page's address. In a frame without one of its own the base is that of the page around it.
function urlOf(path) {
  return new URL(path, document.baseURI.startsWith("http") ? window.location.href : document.baseURI).href;
}

// Streamlit names the theme's colours, not whether it is dark: its background tells.
function themeOf(node) {
  const background = getComputedStyle(node).getPropertyValue("--st-background-color").trim();
  const [r, g, b] = (background.match(/^#(..)(..)(..)/)?.slice(1) ?? ["ff", "ff", "ff"]).map((part) => parseInt(part, 16));
  return 0.299 * r + 0.587 * g + 0.114 * b < 128 ? "dark" : "light";
}

// Gives `root` exactly what is left of the window below its upper edge, so that the page itself never scrolls.
function fitHeight(root, leastPx) {
  const scrolled = root.closest("[data-testid=stMain]")?.scrollTop ?? 0;
  const height = `${Math.max(leastPx, Math.floor(window.innerHeight - root.getBoundingClientRect().top - scrolled - 10))}px`;
  if (root.style.getPropertyValue("--es-height") !== height) root.style.setProperty("--es-height", height);
}

// One tooltip for the whole view, for the mouse and for the keyboard.
class Tips {
  constructor(root) {
    this.root = root;
    this.bubble = el("div", { class: "es-bubble", "aria-hidden": "true", hidden: true });
    root.append(this.bubble);
    this.show = (event) => {
      const target = event.target.closest?.("[data-tip]");
      if (target && root.contains(target)) this.place(target);
      else this.bubble.hidden = true;
    };
    this.hide = (event) => {
      if (event.type !== "keydown" || event.key === "Escape") this.bubble.hidden = true;
    };
    root.addEventListener("mouseover", this.show);
    root.addEventListener("focusin", this.show);
    for (const kind of ["mouseleave", "focusout", "keydown"]) root.addEventListener(kind, this.hide);
  }

  place(target) {
    this.bubble.textContent = target.dataset.tip;
    this.bubble.hidden = false;
    const at = target.getBoundingClientRect();
    const own = this.bubble.getBoundingClientRect();
    const left = Math.min(Math.max(8, at.left), window.innerWidth - own.width - 8);
    const below = at.bottom + 6;
    const top = below + own.height > window.innerHeight ? at.top - own.height - 6 : below;
    this.bubble.style.left = `${left}px`;
    this.bubble.style.top = `${top}px`;
  }
}

function card(title, ...extras) {
  const heading = el("h2", { text: title });
  const head = el("div", { class: "es-head" }, heading, ...extras);
  const body = el("div", { class: "es-body" });
  return { root: el("section", { class: "es-card", "aria-label": title }, head, body), head, body };
}

// The event log of a persona's session: what Earshot and the provider have sent each other, newest first. It asks the
// server for what is new while the call goes on; Python mounts it once and a rerun of the page leaves it as it is.

const POLL_MS = 1500;
const ASK_LIMIT_MS = 10000;
const SLOWEST_MS = 15000;
const PAGE = 150;
const logs = new WeakMap();
const BAD = /^(error|.*\.failed)$/;
const BAD_STATUS = new Set(["failed", "incomplete"]);

// What is worth reading of an event without folding it out.
function briefOf({ type, times, body }, words) {
  if (typeof body.seconds === "number") return fill(words.sound, { seconds: body.seconds.toFixed(1), times });
  const { error, response, session, item } = body;
  if (error?.message || error?.code) return [error.code, error.message].filter(Boolean).join(": ");
  for (const key of ["transcript", "delta", "text", "name"]) if (typeof body[key] === "string" && body[key]) return body[key];
  const content = item?.content?.find?.((part) => part.transcript || part.text);
  if (content) return [item.role, content.transcript || content.text].filter(Boolean).join(": ");
  if (item?.name) return `${item.name} ${item.arguments ?? ""}`;
  if (response?.status) return [response.status, response.status_details?.error?.message ?? response.status_details?.reason].filter(Boolean).join(": ");
  if (session?.model) return session.model;
  if (item?.type) return [item.type, item.role].filter(Boolean).join(" ");
  return body.item_id ?? body.response_id ?? (type === "rate_limits.updated" ? (body.rate_limits ?? []).map((each) => `${each.name} ${each.remaining}`).join(", ") : "");
}

class EventRow {
  constructor(words, locale) {
    this.words = words;
    this.locale = locale;
    this.way = el("span", { class: "es-ev-way" });
    this.at = el("span", { class: "es-ev-at" });
    this.over = el("span", { class: "es-ev-connection" });
    this.type = el("b", { class: "es-ev-type" });
    this.brief = el("span", { class: "es-ev-brief" });
    this.number = el("span", { class: "es-ev-number" });
    this.body = el("pre", { tabindex: "0" });
    this.node = el("details", { class: "es-ev-row" }, el("summary", {}, this.at, this.way, this.type, this.brief, this.over, this.number), this.body);
    this.node.addEventListener("toggle", () => this.fillBody());
  }

  show(event) {
    const { words } = this;
    this.event = event;
    this.node.dataset.direction = event.direction;
    this.node.toggleAttribute("data-bad", BAD.test(event.type) || BAD_STATUS.has(event.body.response?.status));
    setText(this.way, event.direction === "sent" ? "↑" : "↓");
    this.way.setAttribute("role", "img");
    this.way.setAttribute("aria-label", words.directions[event.direction]);
    this.way.title = words.directions[event.direction];
    const at = new Date(event.at * 1000);
    setText(this.at, `${at.toLocaleTimeString("en-GB")}.${String(at.getMilliseconds()).padStart(3, "0")}`);
    this.at.title = at.toLocaleString(this.locale);
    setText(this.type, event.type || words.no_type);
    setText(this.brief, briefOf(event, words));
    setText(this.over, fill(words.connection_short, { number: event.connection }));
    setText(this.number, `#${event.number}`);
    this.text = null;
    this.fillBody();
  }

  // Thousands of events folded out at once would be a long page that nobody sees.
  fillBody() {
    if (this.node.open) setText(this.body, JSON.stringify(this.event.body, null, 2));
  }

  // What a search looks in.
  get searched() {
    this.text ??= `${this.event.type} ${JSON.stringify(this.event.body)}`.toLowerCase();
    return this.text;
  }
}

class EventLogView {
  constructor(host, data) {
    this.host = host;
    this.words = data.words;
    this.rows = new Map();
    this.shown = PAGE;
    this.types = new Set();
    this.waitMs = POLL_MS;
    this.build();
    this.take(data);
    host.append(this.root);
    this.ask();
  }

  build() {
    const { words } = this;
    this.banner = el("div", { class: "es-ev-banner", role: "status", hidden: true });
    this.search = el("input", { type: "search", placeholder: words.search, "aria-label": words.search, maxlength: "200", autocomplete: "off" });
    this.search.addEventListener("input", () => this.filtered());
    this.direction = this.select(words.direction, { "": words.both, sent: words.directions.sent, received: words.directions.received });
    this.connection = this.select(words.connection, { "": words.all_connections });
    this.typeList = el("div", { class: "es-ev-typelist", role: "group", "aria-label": words.types });
    this.typeHead = el("summary", { text: words.types });
    this.typeBox = el("details", { class: "es-ev-types" }, this.typeHead, this.typeList);
    this.clear = el("button", { type: "button", text: words.clear, hidden: true });
    this.clear.addEventListener("click", () => this.reset());
    this.pause = el("button", { type: "button", class: "es-ev-pause", "aria-pressed": "false", text: words.pause });
    this.pause.addEventListener("click", () => this.setPaused(!this.paused));
    this.count = el("span", { class: "es-ev-count", role: "status" });
    const tools = el("div", { class: "es-ev-tools" }, this.search, this.direction, this.typeBox, this.connection, this.clear, this.count, this.pause);
    this.list = el("div", { class: "es-ev-list", role: "group", "aria-label": words.log });
    this.more = el("button", { type: "button", class: "es-ev-more", hidden: true });
    this.more.addEventListener("click", () => {
      this.shown += PAGE;
      this.arrange();
    });
    this.nothing = el("p", { class: "es-ev-nothing", text: words.loading });
    this.bound = el("p", { class: "es-ev-bound", text: words.bound });
    this.root = el("div", { class: "es-ev" }, this.banner, tools, this.nothing, this.list, this.more, this.bound);
    this.outside = (event) => this.typeBox.open && !this.typeBox.contains(event.target) && (this.typeBox.open = false);
    document.addEventListener("click", this.outside);
    this.typeBox.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      this.typeBox.open = false;
      this.typeHead.focus();
    });
  }

  select(label, options) {
    const node = el("select", { "aria-label": label }, ...Object.entries(options).map(([value, text]) => el("option", { value, text })));
    node.addEventListener("change", () => this.filtered());
    return node;
  }

  take(data) {
    this.data = data;
    this.root.dataset.theme = themeOf(this.host);
  }

  setPaused(paused) {
    this.paused = paused;
    this.pause.setAttribute("aria-pressed", String(paused));
    setText(this.pause, paused ? this.words.resume : this.words.pause);
    if (!paused) this.ask();
    else clearTimeout(this.timer);
  }

  get last() {
    return Math.max(0, ...this.rows.keys());
  }

  async ask() {
    clearTimeout(this.timer);
    if (this.isAsking || this.closed) return;
    this.isAsking = true;
    try {
      // The last one again: sound that goes on makes it grow.
      const response = await fetch(urlOf(`${this.data.log}&since=${this.last}`), { signal: AbortSignal.timeout(ASK_LIMIT_MS) });
      const told = await response.json();
      if (!response.ok) {
        this.say(told.message ?? this.words.failed, "bad");
        this.refused = response.status < 500;
      } else if (!this.paused || !this.rows.size) {
        this.say("");
        this.receive(told);
      }
      this.waitMs = POLL_MS;
    } catch {
      this.say(this.words.offline, "warn");
      this.waitMs = Math.min(this.waitMs * 2, SLOWEST_MS);
    } finally {
      this.isAsking = false;
    }
    if (!this.isOver && !this.refused && !this.paused && !this.closed) this.timer = setTimeout(() => this.ask(), document.hidden ? SLOWEST_MS : this.waitMs);
  }

  receive({ events, first, is_over: isOver }) {
    this.isOver = isOver;
    this.pause.hidden = isOver;
    const last = this.last;
    // What the server has let go of stays to be read here, but what was missed between is told.
    this.missed = (this.missed ?? 0) + (last && first !== null && first > last + 1 ? first - last - 1 : 0);
    this.first ??= first;
    for (const event of events) {
      let row = this.rows.get(event.number);
      if (!row) this.rows.set(event.number, (row = new EventRow(this.words, this.data.locale)));
      if (!row.event || row.event.times !== event.times) row.show(event);
    }
    while (this.rows.size > this.data.kept * 2) this.rows.delete(this.rows.keys().next().value);
    this.loaded = true;
    this.offer();
    this.arrange();
  }

  // Which types and connections there are to choose from, the frequent ones first.
  offer() {
    const types = new Map();
    const connections = new Set();
    for (const { event } of this.rows.values()) {
      types.set(event.type, (types.get(event.type) ?? 0) + 1);
      connections.add(event.connection);
    }
    const state = JSON.stringify([...types]);
    if (state !== this.typesDrawn) {
      this.typesDrawn = state;
      const known = new Map([...this.typeList.children].map((node) => [node.dataset.type, node]));
      const sorted = [...types].sort((a, b) => a[0].localeCompare(b[0]));
      const nodes = sorted.map(([type, count]) => {
        const node = known.get(type) ?? this.typeChoice(type);
        setText(node.lastChild, String(count));
        return node;
      });
      if (nodes.some((node, index) => this.typeList.children[index] !== node)) this.typeList.replaceChildren(...nodes);
    }
    for (const number of [...connections].sort((a, b) => a - b)) {
      if (![...this.connection.options].some((option) => option.value === String(number)))
        this.connection.append(el("option", { value: String(number), text: fill(this.words.connection_number, { number }) }));
    }
    this.connection.hidden = connections.size < 2;
  }

  typeChoice(type) {
    const box = el("input", { type: "checkbox" });
    box.addEventListener("change", () => {
      if (box.checked) this.types.add(type);
      else this.types.delete(type);
      this.filtered();
    });
    return el("label", { "data-type": type }, box, el("span", { text: type || this.words.no_type }), el("small"));
  }

  get isFiltered() {
    return Boolean(this.search.value.trim() || this.direction.value || this.connection.value || this.types.size);
  }

  filtered() {
    this.shown = PAGE;
    this.arrange();
    this.root.querySelector(".es-ev-list").scrollTop = 0;
  }

  reset() {
    this.search.value = this.direction.value = this.connection.value = "";
    this.types.clear();
    for (const box of this.typeList.querySelectorAll("input")) box.checked = false;
    this.filtered();
    this.search.focus();
  }

  fits(row) {
    const { event } = row;
    const text = this.search.value.trim().toLowerCase();
    return (
      (!this.direction.value || event.direction === this.direction.value) &&
      (!this.connection.value || String(event.connection) === this.connection.value) &&
      (!this.types.size || this.types.has(event.type)) &&
      (!text || row.searched.includes(text))
    );
  }

  // Newest first; rows are kept, so that one that is folded out stays so and nothing moves but by what is new above it.
  arrange() {
    const { words } = this;
    const all = [...this.rows.values()];
    const wanted = all.filter((row) => this.fits(row)).reverse();
    const target = wanted.slice(0, this.shown);
    const keep = new Set(target.map((row) => row.node));
    // Whoever reads further down goes on reading the same line.
    const { scrollTop, scrollHeight } = this.list;
    for (const node of [...this.list.children]) if (!keep.has(node)) node.remove();
    let next = this.list.firstElementChild;
    for (const { node } of target) {
      if (node === next) next = next.nextElementSibling;
      else this.list.insertBefore(node, next);
    }
    if (scrollTop > 4) this.list.scrollTop = scrollTop + this.list.scrollHeight - scrollHeight;
    const rest = wanted.length - target.length;
    this.more.hidden = !rest;
    setText(this.more, fill(words.more, { count: rest }));
    setText(this.typeHead, this.types.size ? fill(words.types_chosen, { count: this.types.size }) : words.types);
    this.clear.hidden = !this.isFiltered;
    const shown = this.isFiltered ? fill(words.count_filtered, { shown: wanted.length, all: all.length }) : fill(words.count, { all: all.length });
    setText(this.count, this.loaded ? shown : "");
    const nothing = !this.loaded ? words.loading : wanted.length ? "" : all.length ? words.none_fits : this.isOver ? words.none_kept : words.none_yet;
    this.nothing.hidden = !nothing;
    setText(this.nothing, nothing);
    const lost = (this.first ?? 1) - 1 + (this.missed ?? 0);
    setText(this.bound, lost > 0 ? fill(words.lost, { count: lost }) : words.bound);
    this.bound.toggleAttribute("data-lost", lost > 0);
    this.bound.hidden = !all.length;
  }

  say(text, kind = "") {
    this.banner.hidden = !text;
    this.banner.dataset.kind = kind;
    setText(this.banner, text);
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    document.removeEventListener("click", this.outside);
    this.root.remove();
  }
}

export default function ({ data, parentElement }) {
  let view = logs.get(parentElement);
  if (view && (view.data.call_id !== data.call_id || view.data.locale !== data.locale)) {
    view.close();
    view = null;
  }
  if (view) view.take(data);
  else logs.set(parentElement, new EventLogView(parentElement, data));
  return () => {
    // Streamlit also cleans up after a call that a newer one overtook; then the element is still in the page.
    if (parentElement.isConnected) return;
    logs.get(parentElement)?.close();
    logs.delete(parentElement);
  };
}

// The Doctor page: a row a check, of this browser and of the server. The browser's are run here, side by side where they
// may; the server runs its own and is asked how far they are.

const RESULTS = "earshot:doctor";
const POLL_MS = 700;
const AGE_MS = 20000;
const LIMITS_MS = { microphone: 45000, trial: 45000, turn: 12000, stun: 12000 };
const LIMIT_MS = 10000;
const RUNS = {
  secure: checkSecure,
  http: checkHttp,
  socket: checkSocket,
  stream: checkStream,
  output: checkOutput,
  stun: checkStun,
  turn: checkTurn,
  microphone: checkMicrophone,
  trial: checkTrial,
};
// One after the other, when all others are done: they listen, or measure.
const ALONE = ["microphone", "trial"];
const SIGNS = { not_run: "○", waiting: "…", running: "◌", good: "✓", warning: "!", failed: "✕", not_set_up: "–" };
const WORST_FIRST = ["failed", "warning", "not_run", "good", "not_set_up"];

class Doctor {
  constructor(root, data) {
    this.data = data;
    this.words = data.words;
    this.lifetime = new AbortController();
    this.rows = [];
    this.build(root);
    this.lifetime.signal.addEventListener("abort", () => clearInterval(this.aging));
    this.aging = setInterval(() => this.draw(), AGE_MS);
    this.find();
  }

  build(root) {
    const { words } = this;
    this.verdict = el("p", { class: "verdict", role: "status" });
    this.bar = el("progress", { max: "1", value: "0", "aria-label": words.progress, hidden: true });
    this.all = el("button", { type: "button", class: "primary", text: words.run_all });
    this.copy = el("button", { type: "button", text: words.copy });
    this.aloud = el("input", { type: "checkbox" });
    const hear = el("label", { title: words.aloud_tip }, this.aloud, el("span", { text: words.aloud }));
    this.plain = el("textarea", { class: "plain", readonly: true, rows: "12", "aria-label": words.report, hidden: true });
    this.box = el(
      "div",
      { class: "doctor" },
      el("div", { class: "top" }, this.verdict, this.all, this.copy, this.data.may_talk ? hear : null),
      this.bar,
      this.plain
    );
    this.lists = {};
    for (const [side, shown] of [["browser", this.data.may_talk], ["server", this.data.may_see_server]]) {
      if (!shown) continue;
      const title = el("h2", { text: words.sides[side] });
      this.lists[side] = el("ul", { "aria-label": words.sides[side] });
      this.box.append(el("section", {}, title, this.lists[side]));
    }
    this.all.addEventListener("click", () => this.run(this.rows));
    this.copy.addEventListener("click", () => this.copyReport());
    root.append(this.box);
  }

  address(path) {
    const { token, locale } = this.data;
    return `${urlOf(`api/doctor/${path}`)}?${new URLSearchParams({ token, locale })}`;
  }

  async send(path, content, signal) {
    const headers = { "Content-Type": "application/json" };
    const answer = await fetch(this.address(path), { method: "POST", headers, body: JSON.stringify(content), signal });
    return { ok: answer.ok, status: answer.status, content: (await answer.json()) ?? {} };
  }

  async read(path, signal = this.lifetime.signal) {
    const answer = await fetch(this.address(path), { cache: "no-store", signal });
    if (!answer.ok) throw new Error(`${answer.status}`);
    return answer.json();
  }

  // Which rows there are: those of the browser depend on the servers that it is given for its calls.
  async find() {
    try {
      if (this.data.may_talk) {
        this.servers = (await this.read("ice")).iceServers ?? [];
        const before = remembered();
        this.rows.push(...this.browserRows().map((row) => Object.assign(row, before[row.id] ?? {})));
      }
      if (this.data.may_see_server) this.takeServer(await this.read("checks"));
      if (this.report?.is_running) this.follow();
    } catch (error) {
      if (this.lifetime.signal.aborted) return;
      console.debug("the checks cannot be listed", error.message);
      this.trouble = this.words.unreachable;
    }
    this.draw();
    this.box.dataset.ready = "yes";
  }

  browserRows() {
    const row = (kind, subject = "") => ({ side: "browser", kind, subject, id: subject ? `${kind}:${subject}` : kind });
    const urls = this.servers.map((server) => server.urls);
    const relays = urls.filter((url) => /^turns?:/.test(url)).map((url) => row("turn", url));
    const others = urls.filter((url) => url.startsWith("stun")).map((url) => row("stun", url));
    const nothing = (kind) => ({ ...row(kind), outcome: { state: "not_set_up", code: `${kind}_none`, values: {} }, fixed: true });
    const way = [...(others.length ? others : [nothing("stun")]), ...(relays.length ? relays : [nothing("turn")])];
    const plain = ["secure", "microphone", "output", "http", "socket", "stream"].map((kind) => row(kind));
    return [...plain, ...way, row("trial")];
  }

  takeServer(report) {
    this.report = report;
    for (const check of report.checks) {
      const id = `server:${check.id}`;
      let row = this.rows.find((one) => one.id === id);
      if (!row) this.rows.push((row = { side: "server", kind: check.check, subject: check.subject, id, serverId: check.id }));
      row.outcome = { state: check.state, found: check.found, cure: check.cure };
      row.took = check.took_s === null ? undefined : 1000 * check.took_s;
      // By this browser's clock, which may differ from the server's.
      row.at = check.ended_at === null ? undefined : Date.now() - 1000 * (report.now - check.ended_at);
    }
  }

  async run(rows) {
    const chosen = rows.filter((row) => !row.fixed && !this.isBusy(row));
    if (!chosen.length) return;
    this.trouble = "";
    this.wanted = chosen;
    const browser = chosen.filter((row) => row.side === "browser");
    const server = chosen.filter((row) => row.side === "server");
    for (const row of chosen) row.outcome = { state: "waiting" };
    this.draw();
    await this.runBrowser(browser);
    // After the browser's: its trial call and the server's would spoil each other's figures.
    if (server.length && !this.lifetime.signal.aborted) await this.runServer(server);
  }

  async runBrowser(rows) {
    if (!rows.length) return;
    await Promise.all(rows.filter((row) => !ALONE.includes(row.kind)).map((row) => this.one(row)));
    reconciled(rows);
    for (const kind of ALONE) for (const row of rows) if (row.kind === kind) await this.one(row);
    remember(this.rows);
    this.draw();
  }

  async one(row) {
    const stop = new AbortController();
    const limit = LIMITS_MS[row.kind] ?? LIMIT_MS;
    const timer = setTimeout(() => stop.abort(new Error("late")), limit);
    this.lifetime.signal.addEventListener("abort", () => stop.abort(new Error("left")), { once: true, signal: stop.signal });
    const began = performance.now();
    row.outcome = { state: "running", code: `${row.kind}_running`, values: {} };
    this.draw();
    try {
      const ice = ["stun", "turn", "trial"].includes(row.kind) ? await this.read("ice", stop.signal) : null;
      const late = new Promise((_, reject) => stop.signal.addEventListener("abort", () => reject(stop.signal.reason)));
      row.outcome = await Promise.race([RUNS[row.kind](this.tools(row, ice, stop.signal)), late]);
    } catch (error) {
      console.debug("a check broke off", row.id, error.message);
      row.outcome = stop.signal.aborted ? failed("late", { seconds: limit / 1000, way: wayOf(row.subject) }) : failed("broken", { reason: error.message });
    } finally {
      clearTimeout(timer);
      stop.abort(new Error("over"));
    }
    row.took = performance.now() - began;
    row.at = Date.now();
    row.share = undefined;
    this.draw();
  }

  tools(row, ice, signal) {
    return {
      signal,
      ice,
      server: ice?.iceServers?.find((server) => server.urls === row.subject),
      address: (path) => this.address(path),
      send: (path, content, stopped) => this.send(path, content, stopped),
      constraints: this.data.constraints,
      aloud: this.aloud.checked && window.isSecureContext,
      words: this.words,
      progress: (share, level) => {
        row.share = share;
        row.level = level;
        this.draw();
      },
    };
  }

  async runServer(rows) {
    const all = rows.length === this.rows.filter((row) => row.side === "server").length;
    try {
      const answer = await this.send("runs", { ids: all ? [] : rows.map((row) => row.serverId) }, this.lifetime.signal);
      if (!answer.ok) throw new Error(answer.content.message);
      this.takeServer(answer.content);
    } catch (error) {
      this.trouble = error.message || this.words.unreachable;
      for (const row of rows) row.outcome = undefined;
    }
    this.draw();
    await this.follow();
  }

  async follow() {
    let misses = 0;
    while (this.report?.is_running && !this.lifetime.signal.aborted && misses < 10) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
      try {
        this.takeServer(await this.read("checks"));
        misses = 0;
      } catch (error) {
        misses += 1;
        this.trouble = this.lifetime.signal.aborted ? "" : this.words.unreachable;
      }
      this.draw();
    }
  }

  state(row) {
    return row.outcome?.state ?? "not_run";
  }

  isBusy(row) {
    return ["waiting", "running"].includes(this.state(row));
  }

  // The server tells its findings in words; the browser's have theirs by their codes.
  told({ outcome = {} }) {
    if (outcome.found !== undefined || !outcome.code) return outcome;
    const { findings } = this.words;
    const told = findings[outcome.code] ?? (outcome.state === "running" ? {} : findings.other);
    return { found: fill(told.found ?? "", outcome.values), cure: fill(told.cure ?? "", outcome.values) };
  }

  name(row) {
    return this.words.names[row.side][row.kind];
  }

  took(row) {
    if (row.took === undefined) return "";
    return row.took < 1000 ? fill(this.words.milliseconds, { ms: row.took.toFixed(0) }) : fill(this.words.seconds, { seconds: (row.took / 1000).toFixed(1) });
  }

  age(row) {
    if (!row.at) return "";
    const minutes = Math.floor((Date.now() - row.at) / 60000);
    if (minutes < 1) return this.words.just_now;
    return minutes < 60 ? fill(this.words.minutes_ago, { minutes }) : fill(this.words.hours_ago, { hours: Math.floor(minutes / 60) });
  }

  draw() {
    this.box.dataset.theme = themeOf(this.box);
    for (const row of this.rows) this.drawRow(row);
    const states = this.rows.map((row) => this.state(row));
    const count = (state) => states.filter((one) => one === state).length;
    const running = count("running") + count("waiting");
    const worst = WORST_FIRST.find((state) => state !== "not_set_up" && count(state)) ?? "not_run";
    const shown = running ? "running" : worst;
    this.verdict.dataset.state = this.trouble ? "failed" : shown;
    const done = (this.wanted ?? this.rows).filter((row) => !this.isBusy(row)).length;
    const all = (this.wanted ?? this.rows).length;
    setText(this.verdict, this.trouble || fill(this.words.verdicts[shown], { failed: count("failed"), warnings: count("warning"), done, all }));
    this.bar.hidden = !running;
    this.bar.value = all ? done / all : 0;
    this.all.disabled = Boolean(running) || !this.rows.length;
    this.copy.disabled = !this.rows.some((row) => row.at);
  }

  drawRow(row) {
    row.view ??= this.makeRow(row);
    const { view } = row;
    const state = this.state(row);
    if (view.root.dataset.state !== state) view.root.dataset.state = state;
    setText(view.sign, SIGNS[state]);
    setText(view.state, this.words.states[state]);
    const { found = "", cure = "" } = this.told(row);
    // Before it has run, a row says what it will do.
    setText(view.found, state === "not_run" ? this.words.tips[row.side][row.kind] : found);
    setText(view.cure, state === "running" ? "" : cure);
    view.cure.hidden = !view.cure.textContent;
    setText(view.took, this.isBusy(row) ? "" : [this.took(row), this.age(row)].filter(Boolean).join(" · "));
    view.again.disabled = this.rows.some((one) => one.side === row.side && this.isBusy(one));
    setText(view.again, row.at ? this.words.again : this.words.run);
    view.share.hidden = state !== "running";
    if (row.share === undefined) view.share.removeAttribute("value");
    else view.share.value = Math.min(1, row.share);
    view.level.hidden = row.level === undefined || state !== "running";
    if (row.level !== undefined) view.level.value = Math.min(1, Math.max(0, 1 + Math.log10(Math.max(row.level, 1e-3)) / 3));
  }

  makeRow(row) {
    const { words } = this;
    const view = {
      sign: el("span", { class: "sign", "aria-hidden": "true" }),
      state: el("span", { class: "state" }),
      found: el("p", { class: "found" }),
      cure: el("p", { class: "cure", hidden: true }),
      took: el("span", { class: "took" }),
      share: el("progress", { class: "share", max: "1", "aria-label": words.progress, hidden: true }),
      level: el("meter", { class: "level", min: "0", max: "1", "aria-label": words.level, hidden: true }),
      again: el("button", { type: "button", class: "again", hidden: Boolean(row.fixed) }),
    };
    const name = this.name(row);
    view.again.setAttribute("aria-label", fill(words.run_one, { name: `${name} ${row.subject}`.trim() }));
    view.again.addEventListener("click", () => this.run([row]));
    const heading = el(
      "div",
      { class: "name", title: words.tips[row.side][row.kind] },
      el("span", { text: name }),
      row.subject ? el("code", { text: row.subject }) : null,
      view.state
    );
    const told = el("div", { class: "told" }, view.found, view.share, view.level, view.cure);
    view.root = el("li", { "data-check": row.id }, view.sign, heading, told, view.took, view.again);
    this.lists[row.side].append(view.root);
    return view;
  }

  text() {
    const lines = [`${this.words.report}, ${new Date().toISOString()}`, navigator.userAgent];
    for (const side of Object.keys(this.lists)) {
      lines.push("", this.words.sides[side]);
      for (const row of this.rows.filter((one) => one.side === side)) {
        const figures = [this.took(row), row.at ? new Date(row.at).toISOString() : ""].filter(Boolean).join(", ");
        lines.push(`[${this.words.states[this.state(row)]}] ${this.name(row)} ${row.subject}`.trimEnd() + (figures ? ` (${figures})` : ""));
        const { found, cure } = this.told(row);
        for (const sentence of [found, cure]) if (sentence) lines.push(`    ${sentence}`);
      }
    }
    return lines.join("\n");
  }

  async copyReport() {
    const text = this.text();
    try {
      await navigator.clipboard.writeText(text);
      setText(this.copy, this.words.copied);
      setTimeout(() => setText(this.copy, this.words.copy), 2000);
    } catch {
      // Browsers keep the clipboard from pages that are not secure: the reader copies it by hand.
      this.plain.hidden = false;
      this.plain.value = text;
      this.plain.select();
    }
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(RESULTS) ?? "{}");
  } catch {
    return {};
  }
}

function remember(rows) {
  const kept = rows.filter((row) => row.side === "browser" && row.at).map(({ id, outcome, took, at }) => [id, { outcome, took, at }]);
  try {
    sessionStorage.setItem(RESULTS, JSON.stringify(Object.fromEntries(kept)));
  } catch (error) {
    console.debug("the results are not remembered", error.name);
  }
}

const doctors = new WeakMap();

export default function ({ data, parentElement }) {
  let doctor = doctors.get(parentElement);
  if (doctor) doctor.data = data;
  else doctors.set(parentElement, (doctor = new Doctor(parentElement, data)));
  return () => {
    if (doctor.box.isConnected) return;
    doctors.delete(parentElement);
    doctor.lifetime.abort();
  };
}

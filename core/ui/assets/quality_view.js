// The Quality page's charts. Python gives the figure of the whole call (core/ui/charts/quality.py); of a stretch that one
// zooms in on, the server is asked for the points themselves (core/api/quality.py).

const views = new WeakMap();
const SETTLE_MS = 200;
const MOMENT_S = 45;
const LEAST_S = 5;
const EDGE = 0.02;

class QualityView {
  constructor(parent, data) {
    const { words } = data;
    this.words = words;
    this.callId = data.call_id;
    this.state = el("p", { class: "es-view-state", role: "status", text: words.loading });
    const button = (text, act) => {
      const made = el("button", { type: "button", text });
      made.addEventListener("click", act);
      return made;
    };
    this.whole = button(words.whole, () => this.zoom(this.span));
    const bar = el("div", { class: "es-view-bar" }, this.whole, button(words.zoom_in, () => this.scale(0.5)), button(words.zoom_out, () => this.scale(2)), this.state);
    setTip(this.state, words.zoom_tip);
    this.key = el("div", { class: "es-view-key" });
    this.chart = el("div", { class: "es-view-chart", tabindex: "0", role: "group", "aria-label": words.chart_label });
    this.moments = el("ol", { class: "es-moments" });
    this.said = new Said(words);
    const side = el("aside", { class: "es-view-side" }, el("section", { "aria-label": words.moments }, el("h3", { text: words.moments }), this.moments), this.said.root);
    this.root = el("div", { class: "es-quality" }, el("div", { class: "es-view-main" }, bar, this.key, this.chart), side);
    parent.append(this.root);
    this.tips = new Tips(this.root);
    this.chart.addEventListener("keydown", (event) => this.press(event));
    this.resizer = new ResizeObserver(() => this.resized());
    this.resizer.observe(this.chart);
    this.take(data);
  }

  take(data) {
    this.data = data;
    this.root.dataset.theme = themeOf(this.root);
    this.root.style.setProperty("--limit", data.limit_colour);
    this.figure = JSON.parse(data.figure);
    this.overview = this.figure.data.map(({ x, y }) => ({ x, y }));
    this.origin = this.figure.layout.meta.origin_ms;
    const span = this.figure.layout.meta.span_s;
    const sawWhole = !this.range || (this.range[0] <= this.span[0] && this.range[1] >= this.span[1]);
    this.span = span;
    if (sawWhole) this.range = span;
    this.said.take(data.said, data.transcript);
    this.showKey();
    this.showMoments();
    if (this.moment === undefined && data.moment !== null) this.moment = data.moment;
    loadPlotly(data.plotly).then(
      (plotly) => {
        this.plotly = plotly;
        this.draw().then(() => {
          this.view(this.range);
          if (this.moment !== undefined) this.choose(this.moment);
        });
      },
      () => this.tell(this.words.unavailable)
    );
  }

  showKey() {
    const people = this.data.people.map(({ name, colour }) => {
      const dot = el("i", { class: "es-view-dot" });
      dot.style.background = colour;
      return el("span", {}, dot, name);
    });
    const kinds = this.data.kinds.map(({ dash, text }) => el("span", {}, el("i", { class: "es-view-dash", "data-dash": dash }), text));
    const doubted = this.data.said.some((each) => each.loss_pct !== null) ? [el("span", { class: "es-doubt-key", text: `✕ ${this.words.doubted_mark}` })] : [];
    this.key.replaceChildren(...people, ...kinds, ...doubted);
  }

  showMoments() {
    const rows = this.data.moments.map((each) => {
      const jump = el("button", { type: "button" }, el("time", { text: clock(each.at_s) }), el("b", { text: each.title }), el("span", { text: each.detail }));
      jump.addEventListener("click", () => {
        const until = each.until_s ?? each.at_s;
        this.choose(each.at_s);
        this.zoom([each.at_s - MOMENT_S, until + MOMENT_S]);
      });
      return el("li", {}, jump);
    });
    this.moments.replaceChildren(...(rows.length ? rows : [el("li", { class: "es-empty", text: this.words.no_moments })]));
  }

  onAxis(seconds) {
    return this.origin + seconds * 1000;
  }

  layout() {
    const { layout } = this.figure;
    const chosen = this.moment === undefined ? [] : [this.cursor()];
    return {
      ...layout,
      font: { ...layout.font, family: getComputedStyle(this.root).fontFamily },
      xaxis: { ...layout.xaxis, range: this.range.map((each) => this.onAxis(each)) },
      shapes: [...layout.shapes, ...chosen],
      width: this.chart.clientWidth,
      datarevision: (this.revision = (this.revision ?? 0) + 1),
    };
  }

  cursor() {
    const x = this.onAxis(this.moment);
    return { type: "line", xref: "x", x0: x, x1: x, yref: "paper", y0: 0, y1: 1, line: { color: this.data.text_colour, width: 1.5 } };
  }

  async draw() {
    if (!this.plotly || !this.chart.clientWidth) return;
    const first = !this.drawn;
    this.drawn = true;
    await this.plotly.react(this.chart, this.figure.data, this.layout(), { displayModeBar: false, doubleClick: false, responsive: false });
    if (!first) return;
    this.chart.on("plotly_relayout", (change) => {
      if (!("xaxis.range[0]" in change)) return;
      const axis = this.chart._fullLayout.xaxis;
      this.view(axis.range.map((each) => (axis.r2l(each) - this.origin) / 1000));
    });
    this.chart.on("plotly_doubleclick", () => this.zoom(this.span));
    this.chart.on("plotly_click", ({ event }) => {
      const { xaxis, margin } = this.chart._fullLayout;
      const at = (xaxis.p2l(event.clientX - this.chart.getBoundingClientRect().left - margin.l) - this.origin) / 1000;
      this.choose(Math.min(this.span[1], Math.max(this.span[0], at)));
    });
  }

  // Zooms within the call, and not closer than there is anything to see.
  zoom([from, to]) {
    const middle = (from + to) / 2;
    const half = Math.max(LEAST_S, to - from) / 2;
    const start = Math.max(this.span[0], middle - half);
    const end = Math.min(this.span[1], middle + half);
    this.view(end - start > 1 ? [start, end] : this.span);
    this.draw();
  }

  scale(factor) {
    const [from, to] = this.range;
    const inside = this.moment !== undefined && this.moment > from && this.moment < to;
    const middle = inside ? this.moment : (from + to) / 2;
    const half = ((to - from) * factor) / 2;
    this.zoom([middle - half, middle + half]);
  }

  // A stretch is shown: of the whole call the points are there, of a part of it they are asked for.
  view(range) {
    this.range = range;
    clearTimeout(this.settling);
    this.asking?.abort();
    const [from, to] = range;
    const margin = (this.span[1] - this.span[0]) * EDGE;
    const isWhole = from <= this.span[0] + margin && to >= this.span[1] - margin;
    this.whole.disabled = isWhole;
    if (isWhole) {
      this.put(null);
      this.tell(this.words.charts);
      return;
    }
    this.tell(this.words.fetching);
    this.settling = setTimeout(() => this.ask(from, to), SETTLE_MS);
  }

  async ask(from, to) {
    this.asking = new AbortController();
    const names = { from: clock(from), to: clock(to) };
    const since = Math.max(0, from - 2).toFixed(1);
    try {
      const answer = await fetch(urlOf(`${this.data.window}&since=${since}&until=${(Math.max(0, to) + 2).toFixed(1)}`), { signal: this.asking.signal });
      if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
      const { lines } = await answer.json();
      this.put(lines);
      this.tell(fill(this.words.detailed, names));
    } catch (error) {
      if (error.name === "AbortError") return;
      this.tell(fill(this.words.coarse, names));
    }
  }

  // Without lines, those of the whole call again.
  put(lines) {
    if (lines === null && !this.isDetailed) return;
    this.isDetailed = lines !== null;
    this.figure.data.forEach((trace, index) => {
      if (!trace.meta?.key) return;
      const points = lines?.[trace.meta.key];
      if (lines === null) Object.assign(trace, this.overview[index]);
      else Object.assign(trace, points ? { x: points.x.map((each) => this.onAxis(each)), y: points.y } : { x: [], y: [] });
    });
    this.draw();
  }

  choose(atS) {
    this.moment = atS;
    this.said.show(atS);
    this.draw();
  }

  press(event) {
    const step = event.shiftKey ? 10 : 1;
    const acts = {
      ArrowLeft: () => this.step(-step),
      ArrowRight: () => this.step(step),
      "+": () => this.scale(0.5),
      "=": () => this.scale(0.5),
      "-": () => this.scale(2),
      0: () => this.zoom(this.span),
    };
    if (event.ctrlKey || event.metaKey || event.altKey || !acts[event.key]) return;
    event.preventDefault();
    acts[event.key]();
  }

  step(seconds) {
    const from = this.moment ?? this.range[0];
    this.choose(Math.min(this.span[1], Math.max(this.span[0], from + seconds)));
  }

  tell(text) {
    setText(this.state, text);
  }

  resized() {
    cancelAnimationFrame(this.frame);
    this.frame = requestAnimationFrame(() => this.draw());
  }

  close() {
    clearTimeout(this.settling);
    cancelAnimationFrame(this.frame);
    this.asking?.abort();
    this.resizer.disconnect();
    if (this.drawn) this.plotly.purge(this.chart);
    this.root.remove();
  }
}

export default function ({ data, parentElement }) {
  let view = views.get(parentElement);
  if (view && (view.callId !== data.call_id || view.words.charts !== data.words.charts)) {
    view.close();
    view = null;
  }
  if (view) view.take(data);
  else views.set(parentElement, new QualityView(parentElement, data));
  return () => {
    views.get(parentElement)?.close();
    views.delete(parentElement);
  };
}

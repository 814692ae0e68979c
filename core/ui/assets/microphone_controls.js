// What the reader sees of a Microphone: mute, level, choice of device, and what was asked of the browser and what came.

const METER_MS = 100;
const PROCESSING = ["echoCancellation", "noiseSuppression", "autoGainControl"];

class MicrophoneControls {
  // `signal` ends what is listened to outside of the controls.
  constructor(microphone, words, signal) {
    this.microphone = microphone;
    this.words = words;
    this.onMute = () => undefined;
    this.buildLine();
    this.buildExtras();
    this.closeFromOutside(signal);
    signal.addEventListener("abort", () => clearInterval(this.ticker));
  }

  buildLine() {
    const { level } = this.words;
    this.muteButton = el("button", { type: "button", class: "mute" });
    this.muteButton.addEventListener("click", () => {
      this.microphone.mute(!this.microphone.muted);
      this.onMute(this.microphone.muted);
    });
    this.bar = el("span", { class: "bar" });
    const reading = { "aria-valuemin": "0", "aria-valuemax": "100", "aria-valuenow": "0" };
    this.meter = el("span", { class: "meter", role: "meter", "aria-label": level, title: level, ...reading }, this.bar);
  }

  buildExtras() {
    const { words } = this;
    this.device = el("select", { "aria-label": words.microphone });
    this.device.addEventListener("change", () => this.microphone.choose({ deviceId: this.device.value }));
    this.rows = el("tbody");
    const heads = [words.requested, words.actual].map((text) => el("th", { scope: "col", text }));
    const table = el("table", {}, el("thead", {}, el("tr", {}, el("th"), ...heads)), this.rows);
    const sheet = el("div", { class: "sheet" }, table, el("p", { class: "hint", text: words.settings_hint }));
    this.settings = el("details", {}, el("summary", { text: words.settings }), sheet);
    const choice = el("label", { class: "device" }, el("span", { text: words.microphone }), this.device);
    this.extras = el("div", { class: "extras" }, choice, this.settings);
  }

  closeFromOutside(signal) {
    const close = () => this.settings.removeAttribute("open");
    const pressed = (event) => event.composedPath().includes(this.settings) || close();
    document.addEventListener("pointerdown", pressed, { signal });
    this.settings.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      close();
      this.settings.querySelector("summary").focus();
    });
  }

  draw() {
    const { words, microphone } = this;
    for (const part of [this.muteButton, this.meter, this.extras]) part.hidden = microphone.silent;
    setText(this.muteButton, microphone.muted ? words.unmute : words.mute);
    this.muteButton.classList.toggle("muted", microphone.muted);
    this.meter.classList.toggle("muted", microphone.muted);
    this.drawSettings();
    this.drawDevices();
    if (microphone.live) this.ticker ??= setInterval(() => this.tick(), METER_MS);
  }

  tick() {
    const { microphone } = this;
    const live = microphone.live && this.meter.isConnected;
    const level = (live && !document.hidden && microphone.level()) || 0;
    this.bar.style.transform = `scaleX(${level.toFixed(2)})`;
    const percent = String(Math.round(level * 20) * 5);
    if (this.meter.getAttribute("aria-valuenow") !== percent) this.meter.setAttribute("aria-valuenow", percent);
    if (live) return;
    clearInterval(this.ticker);
    this.ticker = null;
    microphone.changed();
  }

  drawSettings() {
    const { microphone } = this;
    const actual = microphone.settings;
    const state = JSON.stringify([microphone.requested, actual]);
    if (state === this.settingsDrawn) return;
    this.settingsDrawn = state;
    const rows = Object.entries(microphone.requested).map(([name, wish]) => {
      const title = this.words.constraints[name];
      const asked = PROCESSING.includes(name) ? this.checkbox(name, wish, title) : this.reading(name, wish);
      const found = actual && name in actual ? this.reading(name, actual[name]) : "–";
      return el("tr", {}, el("th", { scope: "row", text: title }), el("td", {}, asked), el("td", { text: found }));
    });
    this.rows.replaceChildren(...rows);
  }

  checkbox(name, checked, title) {
    const { microphone } = this;
    const box = el("input", { type: "checkbox", checked, "aria-label": title });
    box.addEventListener("change", () =>
      microphone.choose({ requested: { ...microphone.requested, [name]: box.checked } }),
    );
    return box;
  }

  reading(name, value) {
    const { words } = this;
    if (typeof value === "boolean") return value ? words.on : words.off;
    if (name === "sampleRate") return `${value / 1000} kHz`;
    if (name === "latency") return `${Math.round(value * 1000)} ms`;
    if (name === "channelCount" && value === 1) return words.mono;
    return String(value);
  }

  async drawDevices() {
    const { words, microphone } = this;
    const named = (device, index) => [device.deviceId, device.label || `${words.microphone} ${index + 1}`];
    const options = [["", words.default_device], ...(await microphone.devices()).map(named)];
    const state = JSON.stringify([options, microphone.deviceId]);
    if (state === this.devicesDrawn) return;
    this.devicesDrawn = state;
    this.device.replaceChildren(...options.map(([value, text]) => el("option", { value, text })));
    this.device.value = microphone.deviceId;
  }
}

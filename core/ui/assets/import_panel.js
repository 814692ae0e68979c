// Brings a file to the server, straight from the disk: the browser tells how much of it has gone.

function build(parentElement) {
  const input = el("input", { type: "file", id: "es-import-file", accept: ".txt,.gz,.json,.jsonl,.parquet" });
  const label = el("label", { for: "es-import-file", class: "es-import-choose" });
  const hint = el("p", { class: "es-import-hint" });
  const bar = el("progress", { max: "1", value: "0", hidden: true });
  const status = el("p", { class: "es-import-status", role: "status" });
  const zone = el("div", { class: "es-import-zone" }, label, input, hint, bar, status);
  // Beside the style that Streamlit has put there.
  parentElement.append(zone);
  return { zone, input, label, hint, bar, status };
}

function send(panel, given, file, done) {
  const { words, address, xsrf, limit } = given;
  if (file.size > limit) {
    panel.status.textContent = words.too_large;
    return;
  }
  const request = new XMLHttpRequest();
  const finish = (text) => {
    panel.bar.hidden = true;
    panel.input.disabled = false;
    panel.input.value = "";
    panel.status.textContent = text;
  };
  panel.input.disabled = true;
  panel.bar.hidden = false;
  panel.bar.value = 0;
  panel.status.textContent = fill(words.sending, { name: file.name });
  request.upload.addEventListener("progress", (event) => (panel.bar.value = event.loaded / Math.max(1, event.total)));
  request.addEventListener("error", () => finish(words.failed));
  request.addEventListener("load", () => {
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch {
      // A proxy before the server answers in its own words.
    }
    if (request.status === 202) {
      finish("");
      done(answer.id);
    } else finish(answer.message || words.failed);
  });
  request.open("POST", urlOf(address));
  request.setRequestHeader("X-Earshot-Xsrf", xsrf);
  request.setRequestHeader("X-Earshot-Name", encodeURIComponent(file.name.slice(0, 100)));
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.send(file);
}

export default function ({ data, parentElement, setTriggerValue }) {
  const panel = (parentElement.panel ??= build(parentElement));
  panel.label.textContent = data.words.choose;
  panel.hint.textContent = data.words.hint;
  const bring = (file) => file && !panel.input.disabled && send(panel, data, file, (id) => setTriggerValue("brought", id));
  panel.input.onchange = () => bring(panel.input.files[0]);
  panel.zone.ondragover = (event) => {
    event.preventDefault();
    panel.zone.classList.add("es-over");
  };
  panel.zone.ondragleave = () => panel.zone.classList.remove("es-over");
  panel.zone.ondrop = (event) => {
    event.preventDefault();
    panel.zone.classList.remove("es-over");
    bring(event.dataTransfer.files[0]);
  };
}

const LABEL_MS = 2000;

function show(parentElement, data) {
  let button = parentElement.querySelector(".es-copy");
  if (!button) {
    button = document.createElement("button");
    button.className = "es-copy";
    button.type = "button";
    const status = document.createElement("span");
    status.className = "es-copy-status";
    status.setAttribute("role", "status");
    const note = document.createElement("span");
    note.className = "es-copy-note";
    parentElement.append(button, note, status);
    button.addEventListener("click", () => copy(button, status));
  }
  const note = parentElement.querySelector(".es-copy-note");
  note.textContent = data.note;
  note.title = data.tip;
  button.given = data;
  button.title = data.tip;
  if (!button.dataset.busy) button.textContent = data.label;
}

async function copy(button, status) {
  const { address, label, copied, refused } = button.given;
  const link = new URL(address, window.location.href).href;
  try {
    await navigator.clipboard.writeText(link);
  } catch {
    window.prompt(refused, link);
    return;
  }
  button.dataset.busy = "1";
  button.textContent = `✓ ${copied}`;
  status.textContent = copied;
  setTimeout(() => {
    delete button.dataset.busy;
    button.textContent = label;
    status.textContent = "";
  }, LABEL_MS);
}

export default function ({ data, parentElement }) {
  show(parentElement, data);
}

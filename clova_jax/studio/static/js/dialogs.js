// The key's dialog, the code's, and the shortcuts'.
import { byId } from "./dom.js";
import { curl, openai } from "./snippets.js";

// Closing a dialog gives the focus back, but browsers put the cursor of the text at its start.
export function closers(area) {
  let kept = [0, 0];
  area.addEventListener("blur", () => (kept = [area.selectionStart, area.selectionEnd]));
  for (const dialog of document.querySelectorAll("dialog")) {
    dialog.addEventListener("close", () => area.setSelectionRange(...kept));
  }
  for (const button of document.querySelectorAll("dialog [data-close]")) {
    button.addEventListener("click", () => button.closest("dialog").close());
  }
}

// Opens the dialog of the key; `changed` is called with the word of what happened.
export function keyDialog(api, changed) {
  const [dialog, input] = [byId("key-dialog"), byId("key")];
  const take = (key, word) => {
    api.key = key;
    input.value = "";
    dialog.close();
    changed(word);
  };
  byId("key-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const key = input.value.trim();
    if (key) take(key, "keySaved");
  });
  byId("key-forget").addEventListener("click", () => take("", "keyForgotten"));
  return () => {
    if (!dialog.open) dialog.showModal();
    input.focus();
  };
}

// Opens the request as code; `request` returns {body, model, keyed}.
export function codeDialog(request, notices) {
  const [dialog, text, forms] = [byId("code-dialog"), byId("code-text"), byId("code-forms")];
  const buttons = [...forms.querySelectorAll("button")];
  let form = "curl";
  const draw = () => {
    const { body, model, keyed } = request();
    const { origin } = window.location;
    text.textContent = form === "curl" ? curl(origin, body, keyed) : openai(origin, body, model, keyed);
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.form === form));
  };
  for (const button of buttons) {
    button.addEventListener("click", () => {
      form = button.dataset.form;
      draw();
    });
  }
  byId("code-copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text.textContent);
      notices.show("copied");
    } catch {
      notices.show("copyFailed");
    }
    dialog.close();
  });
  return () => {
    draw();
    dialog.showModal();
  };
}

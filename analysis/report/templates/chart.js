// Shows what a point says to whoever points at it, touches it or reaches it by the keyboard.
(() => {
  const tip = document.createElement("div");
  tip.id = "tip";
  tip.setAttribute("role", "status");
  tip.hidden = true;
  document.body.append(tip);
  const show = (event) => {
    const point = event.target.closest("[data-tip]");
    if (!point) return;
    tip.textContent = point.dataset.tip;
    tip.hidden = false;
    const box = point.getBoundingClientRect();
    const left = Math.min(Math.max(8, box.left + box.width / 2 - tip.offsetWidth / 2), document.documentElement.clientWidth - tip.offsetWidth - 8);
    const above = box.top - tip.offsetHeight - 8;
    tip.style.left = `${left + window.scrollX}px`;
    tip.style.top = `${(above < 0 ? box.bottom + 8 : above) + window.scrollY}px`;
  };
  const hide = (event) => { if (event.target.closest("[data-tip]")) tip.hidden = true; };
  for (const name of ["pointerover", "focusin"]) document.addEventListener(name, show);
  for (const name of ["pointerout", "focusout"]) document.addEventListener(name, hide);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") tip.hidden = true; });
  // What is folded away on the screen belongs on paper.
  window.addEventListener("beforeprint", () => { for (const part of document.querySelectorAll("details")) part.open = true; });
})();

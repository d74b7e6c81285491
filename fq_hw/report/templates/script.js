// A layer is chosen in a legend: everything that belongs to another one pales. Escape lets go.
"use strict";
const own = document.querySelectorAll("[data-l]");
const picks = document.querySelectorAll("[data-pick]");
let chosen = null;
function choose(layer) {
  chosen = layer;
  for (const part of own) part.classList.toggle("pale", layer !== null && part.dataset.l !== layer);
  for (const pick of picks) pick.setAttribute("aria-pressed", String(pick.dataset.pick === layer));
}
for (const pick of picks) {
  pick.addEventListener("click", () => choose(chosen === pick.dataset.pick ? null : pick.dataset.pick));
}
document.addEventListener("keydown", (event) => { if (event.key === "Escape") choose(null); });

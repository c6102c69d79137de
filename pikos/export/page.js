"use strict";
for (const flame of document.querySelectorAll(".flame")) {
  const bars = [...flame.children].map((svg) => ({
    svg,
    begin: parseFloat(svg.getAttribute("x")),
    width: parseFloat(svg.getAttribute("width")),
  }));
  flame.addEventListener("click", (event) => {
    const to = bars.find((bar) => bar.svg.contains(event.target));
    if (!to) return;
    for (const bar of bars) {
      const left = Math.max(bar.begin, to.begin);
      const right = Math.min(bar.begin + bar.width, to.begin + to.width);
      bar.svg.style.display = right - left > 1e-6 ? "" : "none";
      bar.svg.setAttribute("x", `${(100 * (left - to.begin)) / to.width}%`);
      bar.svg.setAttribute("width", `${(100 * Math.max(0, right - left)) / to.width}%`);
    }
  });
}
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, column) => head.addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") !== "descending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const value = (row) => {
      const cell = row.cells[column];
      return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v);
    };
    const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0) * (down ? -1 : 1);
    const body = table.tBodies[0];
    body.append(...[...body.rows].sort((a, b) => order(value(a), value(b))));
  }));
}
const box = document.getElementById("search");
if (box) box.addEventListener("input", () => {
  const wanted = box.value.toLowerCase();
  for (const bar of document.querySelectorAll(".flame > svg")) {
    const name = bar.querySelector("title").textContent.toLowerCase();
    bar.classList.toggle("found", wanted !== "" && name.includes(wanted));
  }
  for (const row of document.querySelectorAll("tbody > tr")) {
    row.hidden = !row.cells[row.cells.length - 1].textContent.toLowerCase().includes(wanted);
  }
});

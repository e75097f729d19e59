"use strict";
const field = document.getElementById("search");
const rows = Array.from(document.querySelectorAll("#rows tbody tr"));
const shown = document.getElementById("shown");
if (field) {
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase();
    let count = 0;
    for (const row of rows) {
      const fits = row.textContent.toLowerCase().includes(wanted);
      row.hidden = !fits;
      count += fits ? 1 : 0;
    }
    shown.textContent = wanted ? `${count} of ${rows.length} listed rows` : "";
  });
}

// Filters the rows of a report: by a cause that is clicked, by what is typed.
const rows = [...document.querySelectorAll("#rows tbody tr")];
const field = document.getElementById("search");
const all = document.getElementById("all-rows");
const shown = document.getElementById("shown");
const buttons = [...document.querySelectorAll("button[data-filter]")];
let cause = "";

function apply() {
  const wanted = field.value.trim().toLowerCase();
  let count = 0;
  for (const row of rows) {
    const fits = (!cause || row.dataset.cause === cause) && row.textContent.toLowerCase().includes(wanted);
    row.hidden = !fits;
    count += fits ? 1 : 0;
  }
  all.hidden = !cause && !wanted;
  shown.textContent = all.hidden ? "" : `${count} / ${rows.length}`;
  for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.filter === cause));
}

if (field) {
  field.addEventListener("input", apply);
  all.addEventListener("click", () => { cause = ""; field.value = ""; apply(); });
  for (const button of buttons) {
    button.addEventListener("click", () => {
      cause = cause === button.dataset.filter ? "" : button.dataset.filter;
      apply();
      document.getElementById("rows").scrollIntoView({ block: "start" });
    });
  }
}

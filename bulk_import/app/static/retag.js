// Lists of people: dropped, read on the server, named in the form.
import { complain, number, receive, t, tell, upload } from "./app.js";

const difference = document.getElementById("difference");

// What was compared is not what the form says any more: its numbers would mislead.
function outdate() {
  if (!difference.childElementCount) return;
  const note = document.createElement("p");
  note.className = "soft";
  note.textContent = t("The form was changed: compare again.");
  difference.replaceChildren(note);
}

document.getElementById("retag").addEventListener("input", outdate);

function shownAs(found) {
  const n = number(found.people);
  const people = found.entries ? t("entries: {n}", { n }) : t("people: {n}", { n });
  return [found.name, people, found.column].filter(Boolean).join(" · ");
}

for (const zone of document.querySelectorAll("[data-list]")) {
  const field = zone.querySelector("textarea");
  const shown = zone.querySelector("ul");
  const kind = zone.dataset.list;
  field.value = ""; // a browser that comes back fills it in again, without the names beside it

  const add = (found) => {
    field.value = [...field.value.split("\n").filter(Boolean), found.list].join("\n");
    const item = document.createElement("li");
    const remove = document.createElement("button");
    remove.type = "button";
    remove.className = "bare soft";
    remove.textContent = "✕";
    remove.setAttribute("aria-label", t("Remove {name}", { name: found.name }));
    remove.addEventListener("click", () => {
      field.value = field.value.split("\n").filter((list) => list !== found.list).join("\n");
      item.remove();
      outdate();
      zone.querySelector("input[type=file]").focus();
    });
    item.append(shownAs(found), " ", remove);
    shown.append(item);
  };

  receive(zone, async (files) => {
    for (const file of files) {
      complain("");
      try {
        const found = await upload(kind === "suppress" ? "/retag/list?as=suppress" : "/retag/list", file, (share) => tell(t("Uploading {name}: {percent}", { name: file.name, percent: `${Math.round(100 * share)} %` })));
        add({ ...found, entries: kind === "suppress" });
        tell(shownAs(found));
        outdate();
      } catch (error) {
        complain(error.message);
      }
    }
  });
}

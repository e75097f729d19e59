// Lists of people: dropped, read on the server, named in the form.
import { complain, number, receive, t, tell, upload } from "./app.js";

for (const zone of document.querySelectorAll("[data-list]")) {
  const field = zone.querySelector("textarea");
  const shown = zone.querySelector("ul");
  receive(zone, async (files) => {
    for (const file of files) {
      complain("");
      try {
        const found = await upload(zone.dataset.list === "suppress" ? "/retag/list?as=suppress" : "/retag/list", file, (share) => tell(t("Uploading {name}: {percent}", { name: file.name, percent: `${Math.round(100 * share)} %` })));
        field.value = [...field.value.split("\n").filter(Boolean), found.list].join("\n");
        const item = document.createElement("li");
        item.textContent = [`${found.name}: ${number(found.people)}`, found.column].filter(Boolean).join(" · ");
        shown.append(item);
      } catch (error) {
        complain(error.message);
      }
    }
  });
}

// What moves on the console's pages.  Without it they can be read all the same.
"use strict";

// Test first: a file is read into the field, where it can be seen before it is sent.
const file = document.getElementById("file");
if (file) {
  document.getElementById("upload").hidden = false;
  file.addEventListener("change", async () => {
    if (file.files.length > 0) document.getElementById("policy").value = await file.files[0].text();
  });
}

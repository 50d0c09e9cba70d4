// What the scripts of a page say, in the page's language.
"use strict";

const WORDS = JSON.parse(document.documentElement.dataset.words);

// Each {} takes one of the values.
function say(text, ...values) {
  return (WORDS[text] ?? text).replace(/\{\}/g, () => values.shift());
}

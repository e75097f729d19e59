// node names.mjs FAKER_DIST: invented people of faker-js, one a line: locale, whole name, its parts.
// The same people every time: names are drawn by a counter, not by chance.
import path from 'node:path';
const { allFakers } = await import(path.resolve(process.argv[2], 'index.js'));
const PER_LOCALE = 40;
const FAMILY_FIRST = new Set(['hu', 'ja', 'ko', 'zh_CN', 'zh_TW', 'vi']);
const AS_WELL = new Set(['ru', 'uk', 'mk', 'uz_UZ_latin', 'mn_MN_cyrl', 'pl', 'cs_CZ', 'fr', 'it', 'de']);
const SKIPPED = new Set(['base', 'en_BORK', 'en_AU_ocker', 'eo', 'dv', 'th', 'ta_IN', 'ne', 'he', 'ar', 'fa', 'ur', 'ku_ckb', 'bn_BD']);
for (const [locale, faker] of Object.entries(allFakers)) {
  const person = faker.rawDefinitions.person;
  if (SKIPPED.has(locale) || !person?.first_name || !person?.last_name) continue;
  for (let at = 0; at < PER_LOCALE; at++) {
    faker.seed(1000 + at);
    const sex = at % 2 ? 'female' : 'male';
    const first = faker.person.firstName(sex);
    const last = faker.person.lastName(sex);
    if (/[,()]/.test(first + last)) continue;
    const parts = `${first} / / ${last}`.replace('/ /', '/  /');
    const east = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/.test(last);
    if (!FAMILY_FIRST.has(locale)) console.log([locale, `${first} ${last}`, parts].join('\t'));
    if (east) console.log([`${locale} together`, `${last}${first}`, parts].join('\t'));
    if (FAMILY_FIRST.has(locale) || AS_WELL.has(locale))
      console.log([`${locale} family first`, `${last} ${first}`, parts].join('\t'));
    if (['ru', 'uk'].includes(locale) && at < 20) {
      const middle = faker.person.middleName(sex);
      const all = `${first} / ${middle} / ${last}`;
      console.log([`${locale} patronymic`, `${last} ${first} ${middle}`, all].join('\t'));
      console.log([`${locale} patronymic`, `${first} ${middle} ${last}`, all].join('\t'));
    }
    if (at < 10) console.log([`${locale} comma`, `${last}, ${first}`, parts].join('\t'));
  }
  for (let at = 0; at < 5; at++) {
    faker.seed(5000 + at);
    console.log([`${locale} company`, faker.company.name(), '!'].join('\t'));
  }
}

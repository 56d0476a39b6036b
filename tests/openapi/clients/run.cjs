/* run.cjs CLIENT URL TOKEN - one of the compiled clients asks; what it was answered, as JSON. */
const [, , name, url, token] = process.argv;

require(`./run/${name}.js`)
  .ask(url, token)
  .then((told) => console.log(JSON.stringify(told)));

// ask.js < QUESTIONS: asks one after another with the vendor's SDK, and prints what a program would see of each answer.
// A question: { service, version, action, params, credential, endpoint, method, sign, keep }.
const { readFileSync } = require("fs");

function client(question) {
  const service = require(`tencentcloud-sdk-nodejs/tencentcloud/services/${question.service}`)[question.service];
  return new service[question.version].Client({
    credential: question.credential,
    region: "ap-guangzhou",
    profile: {
      signMethod: question.sign,
      httpProfile: { endpoint: question.endpoint, protocol: "http://", reqMethod: question.method, reqTimeout: 20 },
    },
  });
}

async function main() {
  for (const question of JSON.parse(readFileSync(0, "utf8"))) {
    try {
      console.log(JSON.stringify({ answer: await client(question)[question.action](question.params) }));
    } catch (error) {
      const { code, message, requestId, httpCode } = error;
      console.log(JSON.stringify({ error: { name: error.constructor.name, code, message, requestId, httpCode } }));
    }
  }
}

main();

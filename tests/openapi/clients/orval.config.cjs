/* What orval makes: functions that call fetch, of the gateway that the environment names. */
module.exports = {
  gateway: {
    input: "./openapi.json",
    output: { target: "./made/orval.ts", client: "fetch", mode: "single", baseUrl: process.env.GATEWAY },
  },
};

// sdk.js ADDRESS - the vendor's SDK for Node against a sandbox at ADDRESS: typed and untyped clients, TC3 and the
// query signatures, reads, a change and its task, refusals.
"use strict";
const assert = require("node:assert/strict");
const { CommonClient } = require("tencentcloud-sdk-nodejs-common");
const { cvm } = require("tencentcloud-sdk-nodejs-cvm");

const VERSION = "2017-03-12";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const address = process.argv[2];
const credential = {
  secretId: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
  secretKey: "Gu5t9xGARNpq86cd98joQYCN3Cozk1qA",
};

function options(more = {}) {
  return {
    credential: { ...credential, ...more.credential },
    region: "ap-guangzhou",
    profile: {
      signMethod: more.signMethod ?? "TC3-HMAC-SHA256",
      httpProfile: { endpoint: address, protocol: "http://", reqMethod: more.reqMethod ?? "POST", reqTimeout: 10 },
    },
  };
}

const vpcOf = (more) => new CommonClient(address, VERSION, options(more));

async function refused(call, code) {
  await assert.rejects(call, (error) => {
    assert.equal(error.code, code);
    assert.match(error.requestId, UUID);
    assert.ok(error.message.length > 0);
    return true;
  });
}

async function reads(more) {
  const vpcs = await vpcOf(more).request("DescribeVpcs", { Filters: [{ Name: "vpc-name", Values: ["prod"] }] });
  assert.deepEqual([vpcs.TotalCount, vpcs.VpcSet[0].VpcId], [1, "vpc-prod1"]);
  assert.match(vpcs.RequestId, UUID);
  const found = await new cvm.v20170312.Client(options(more)).DescribeInstances({ InstanceIds: ["ins-df454d"] });
  assert.equal(found.InstanceSet[0].PrivateIpAddresses[0], "10.66.1.11");
  assert.equal(found.InstanceSet[0].Placement.Zone, "ap-guangzhou-2");
}

async function changes(more, instance) {
  const vpc = vpcOf(more);
  const changed = await vpc.request("DetachClassicLinkVpc", { VpcId: "vpc-2ari9m7h", InstanceIds: [instance] });
  const task = await vpc.request("DescribeVpcTaskResult", { TaskId: changed.RequestId });
  assert.equal(task.Status, "SUCCESS");
  const links = await vpc.request("DescribeClassicLinkInstances", {
    Filters: [{ Name: "vpc-id", Values: ["vpc-2ari9m7h"] }],
  });
  assert.ok(!links.ClassicLinkInstanceSet.some((link) => link.InstanceId === instance));
}

async function makes(more) {
  const vpc = vpcOf(more);
  const computers = new cvm.v20170312.Client(options(more));
  const { Vpc } = await vpc.request("CreateVpc", { VpcName: "@sdk", CidrBlock: "10.9.0.0/16", Tags: [{ Key: "a", Value: "b=c&d" }] });
  assert.deepEqual(Vpc.TagSet, [{ Key: "a", Value: "b=c&d" }]);
  const { Subnet } = await vpc.request("CreateSubnet", {
    VpcId: Vpc.VpcId, SubnetName: "sdk", CidrBlock: "10.9.1.0/24", Zone: "ap-guangzhou-3",
  });
  const run = await computers.RunInstances({
    Placement: { Zone: "ap-guangzhou-3" }, ImageId: "img-8toqc6s3", InstanceType: "S5.LARGE8", InstanceCount: 2,
    VirtualPrivateCloud: { VpcId: Vpc.VpcId, SubnetId: Subnet.SubnetId, AsVpcGateway: false },
  });
  const found = await computers.DescribeInstances({ Filters: [{ Name: "subnet-id", Values: [Subnet.SubnetId] }] });
  assert.deepEqual(found.InstanceSet.map((row) => [row.InstanceId, row.CPU, row.Memory]),
    run.InstanceIdSet.map((id) => [id, 4, 8]));
  await refused(vpc.request("DeleteSubnet", { SubnetId: Subnet.SubnetId }), "ResourceInUse");
  await computers.TerminateInstances({ InstanceIds: run.InstanceIdSet });
  await vpc.request("DeleteSubnet", { SubnetId: Subnet.SubnetId });
  await vpc.request("DeleteVpc", { VpcId: Vpc.VpcId });
  await refused(vpc.request("DescribeVpcs", { VpcIds: [Vpc.VpcId] }), "ResourceNotFound");
}

async function main() {
  const ways = [{}, { reqMethod: "GET" }, { signMethod: "HmacSHA256" }, { signMethod: "HmacSHA1" }];
  for (const way of ways) await reads(way);
  for (const way of ways) await makes(way);
  await changes({}, "ins-df454d");
  await changes({ signMethod: "HmacSHA256" }, "ins-df221dd");
  await refused(vpcOf().request("DetachClassicLinkVpc", { VpcId: "vpc-00000000", InstanceIds: ["ins-df454d"] }),
    "ResourceNotFound");
  await refused(vpcOf().request("DescribeVpcs", { Nonsense: "1" }), "UnknownParameter");
  await refused(vpcOf({ credential: { secretKey: "wrong" } }).request("DescribeVpcs", {}),
    "AuthFailure.SignatureFailure");
  // A value that begins with @: in a form it is signed like any other.
  for (const way of ways) {
    const none = await vpcOf(way).request("DescribeVpcs", { Filters: [{ Name: "vpc-name", Values: ["@home"] }] });
    assert.equal(none.TotalCount, 0);
  }
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});

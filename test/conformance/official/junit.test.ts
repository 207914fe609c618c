/** Promise: what the official suite reports is read as it means it. The report is of the form that Go writes. */
import { expect } from 'chai';
import { parseJunit } from './junit.ts';

const REPORT = `<testsuites tests="3" failures="1" time="0.1">
  <testsuite name="OCI Conformance Test" tests="3" failures="1" errors="0" time="0.1">
    <properties><property name="Config" value="registry: &#34;a&#34;&#xA;"></property></properties>
    <testcase name="OCI Conformance Test/ping" classname="" time="0.000100" status="passed">
      <system-err>Status: 200&#xA;&lt;/testcase&gt;</system-err>
    </testcase>
    <testcase name="OCI Conformance Test/sha256 blobs/post only" classname="" time="0.1" status="skipped">
      <system-out>registry does not support content in the POST, &#34;fallback&#34; to PUT</system-out>
      <system-err>Status: 202</system-err>
    </testcase>
    <testcase name="OCI Conformance Test/image/push" classname="" time="0.1" status="failure">
      <system-out>unexpected status code,&#xA;expected one of [201] &amp; received 500</system-out>
    </testcase>
  </testsuite>
</testsuites>`;

describe("the official suite's report", () => {
  it('reports for every test its name, its status and its reason', () => {
    expect(parseJunit(REPORT)).to.deep.equal([
      { name: 'OCI Conformance Test/ping', status: 'passed', reason: '' },
      {
        name: 'OCI Conformance Test/sha256 blobs/post only',
        status: 'skipped',
        reason: 'registry does not support content in the POST, "fallback" to PUT',
      },
      {
        name: 'OCI Conformance Test/image/push',
        status: 'failure',
        reason: 'unexpected status code,\nexpected one of [201] & received 500',
      },
    ]);
  });

  it('is not believed with a status that nobody knows', () => {
    expect(() => parseJunit('<testcase name="a" status="fine"></testcase>')).to.throw('"fine" of a');
  });
});

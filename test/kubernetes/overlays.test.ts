/**
 * Promise: what infra/kubernetes ships is what Kubernetes takes, and the configuration in it is one that starts, with the
 * files and variables that its pods have.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { buildGoProgram, KUSTOMIZE, skipSuite } from '../support/go-programs.ts';
import { requires } from '../support/requirements.ts';
import { tempDir } from '../support/temp.ts';
import { buildOverlay, contentOf, Ingress, type Objects, Service, Workload } from './objects.ts';
import { inPod } from './pod.ts';
import { openSchemas, validate } from './schemas.ts';

const VERSIONS = ['1.30.0', '1.34.0', '1.37.0'];
/** How long a node stays open after it reports that it is not ready (services/serve/serve.ts). */
const NOTICE_SECONDS = 5;

for (const [overlay, processes] of [
  ['cluster', ['api', 'release', 'sync', 'token']],
  ['one-host', ['serve']],
] as const)
  requires(['python3', 'unshare', 'ip'])(`Kubernetes: ${overlay}`, function () {
    this.timeout(300_000);
    let objects: Objects;
    let schemas: string;

    before(async function () {
      const [kustomize, checker] = await Promise.all([buildGoProgram(KUSTOMIZE), openSchemas()]);
      if ('reason' in kustomize) return skipSuite(this, kustomize.reason);
      if ('reason' in checker) return skipSuite(this, checker.reason);
      objects = await buildOverlay(kustomize.program, overlay);
      schemas = checker.program;
    });

    it('has a workload for each process', () => {
      const commands = objects.all(Workload).map(({ spec }) => spec.template.spec.containers[0].args[0]);
      expect(commands.toSorted()).to.deep.equal([...processes].toSorted());
    });

    it("is accepted by Kubernetes' schemas", async () => {
      await using home = await tempDir('kubernetes');
      const file = join(home.path, 'objects.yaml');
      await writeFile(file, objects.text);
      for (const version of VERSIONS) expect(await validate(schemas, version, file), version).to.equal('');
      await writeFile(file, objects.text.replace('readOnlyRootFilesystem', 'readOnlyRoot'));
      expect(await validate(schemas, '1.37.0', file)).to.include('readOnlyRoot');
    });

    it('runs every process without rights, on a root that cannot be written', () => {
      for (const { spec } of objects.all(Workload)) {
        const { securityContext, containers } = spec.template.spec;
        expect(securityContext).to.deep.include({ runAsNonRoot: true, runAsUser: 65532 });
        expect(securityContext).to.deep.include({ seccompProfile: { type: 'RuntimeDefault' } });
        expect(containers[0].securityContext).to.deep.equal({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    });

    it('leaves every process the time to drain', () => {
      for (const workload of objects.all(Workload)) {
        const { files } = contentOf(workload, objects);
        const { draintimeout } = parse(files.get('/etc/roadstead/config.yml') ?? '').http;
        const seconds = Number(/^(\d+)s$/.exec(draintimeout)?.[1]);
        expect(workload.spec.template.spec.terminationGracePeriodSeconds).to.be.above(
          seconds + NOTICE_SECONDS,
        );
      }
    });

    it('leads from every ingress to a pod, and retries no write', () => {
      const ingresses = objects.all(Ingress);
      expect(ingresses).to.not.be.empty;
      const services = new Map(objects.all(Service).map((each) => [each.metadata.name, each.spec]));
      const pods = objects.all(Workload).map(({ spec }) => spec.template);
      for (const { metadata, spec } of ingresses) {
        expect(metadata.annotations['nginx.ingress.kubernetes.io/proxy-next-upstream']).to.equal('off');
        for (const { backend } of spec.rules.flatMap(({ http }) => http.paths)) {
          const service = services.get(backend.service.name);
          const port = service?.ports.find(({ name }) => name === backend.service.port.name);
          const chosen = pods.filter(({ metadata: { labels } }) =>
            Object.entries(service?.selector ?? {}).every(([key, value]) => labels[key] === value),
          );
          expect(chosen, backend.service.name).to.have.length(1);
          const open = chosen[0]?.spec.containers[0].ports.find(({ name }) => name === port?.targetPort);
          expect(open?.containerPort, backend.service.name).to.equal(port?.port);
        }
      }
    });

    it('has a configuration that each process can use', async () => {
      for (const workload of objects.all(Workload)) {
        const [command, config] = workload.spec.template.spec.containers[0].args;
        const part = command === 'serve' ? '' : `--part ${command}`;
        const { stdout, code } = await inPod(
          contentOf(workload, objects),
          `roadstead config check ${config} ${part}`,
        );
        expect(code, `${command}: ${stdout.split('\n').slice(-5).join('\n')}`).to.equal(0);
        const warnings = stdout.split('\n').filter((line) => line.startsWith('warning: '));
        // The example's secret is one; what else is warned of would be a mistake of this project.
        const expected = ['http.secret is easy to guess', 'http.debug.plain = true'];
        expect(warnings.filter((line) => !expected.some((known) => line.includes(known)))).to.deep.equal([]);
      }
    });

    if (overlay === 'one-host')
      it('starts, answers its probes at the ports that they name, and ends at SIGTERM', async () => {
        const [workload] = objects.all(Workload);
        if (workload === undefined) throw new Error('no workload');
        const [container] = workload.spec.template.spec.containers;
        const probes = [container.startupProbe, container.livenessProbe, container.readinessProbe];
        const urls = probes.map(({ httpGet: { path, port } }) => {
          const number = container.ports.find(({ name }) => name === port)?.containerPort;
          return `http://192.0.2.9:${number}${path}`;
        });
        const script = [
          // Probes come to the pod's address.
          'ip address add 192.0.2.9/32 dev lo',
          'mkdir -p /var/lib/roadstead',
          `roadstead ${container.args.join(' ')} > /var/log.json & main=$!`,
          'for try in $(seq 400); do roadstead healthcheck --timeout 1s && break; sleep 0.1; done',
          ...urls.map(
            (url) => `'${process.execPath}' -e "fetch('${url}').then((r) => console.log(r.status))"`,
          ),
          // The function runs in a shell of its own: the process is its child.
          'kill -TERM $(pgrep -P $main || echo $main); wait $main || echo "exit code $?"',
        ];
        const { stdout, stderr } = await inPod(contentOf(workload, objects), script.join('\n'));
        expect(stdout.split('\n').filter(Boolean).slice(-4), stderr).to.deep.equal([
          'ok',
          '200',
          '200',
          '200',
        ]);
      });
  });

import { type Mutant, mutantsOf } from '../mutant.ts';

const ACCESS = 'services/http/access';
const basic = { tests: ['test/token/basic.test.ts'] };
const passes = { tests: ['test/token/anonymous.test.ts', 'test/access/pass-url.test.ts'] };
const administer = { tests: ['test/access/delegation.test.ts', 'test/access/administer.test.ts'] };

/** Who a request is from, docker's passes, and what somebody may give to a robot. */
export const OF_AUTHENTICATORS: readonly Mutant[] = [
  ...mutantsOf(`${ACCESS}/basic-authenticator.ts`, basic, [
    ['what rules deny', '    if (denied) throw refusalTo(principal, denied);\n', ''],
    [
      'what is wrong',
      "if (answer.outcome !== 'known') throw this.#refusal(ctx, 'the name or the password is wrong');\n    return answer.identity;",
      "return answer.outcome === 'known' ? answer.identity : ANONYMOUS;",
    ],
    [
      'the guard of logins',
      'const answer = await logins.attempt({ account, address: ctx.state.clientAddress }, password, (priority) =>',
      'const answer = await ((ask: (priority: undefined) => ReturnType<typeof accounts.authenticate>) => ask(undefined))((priority) =>',
    ],
    [
      'what the anonymous may do',
      'if (principal === undefined || !this.#mayPass(ctx, principal, wanted))',
      'if (principal === undefined)',
    ],
  ]),
  ...mutantsOf(
    `${ACCESS}/bearer-authenticator.ts`,
    { tests: ['test/token/attacks.test.ts', 'test/access/leaks.test.ts'] },
    [
      [
        'what the anonymous may do',
        'if (wanted.length === 0 || firstDenied(ctx, principal, wanted))',
        'if (wanted.length === 0)',
      ],
      [
        'what a token does not allow',
        'if (firstDenied(ctx, principal, wanted) === undefined) return principal;',
        'if (wanted.length < 1e9) return principal;',
      ],
    ],
  ),
  ...mutantsOf(`${ACCESS}/authenticator.ts`, { tests: ['test/access/leaks.test.ts'] }, [
    [
      'that all that is wanted has to be allowed',
      'return wanted.find((_, i) => decisions[i]?.isAllowed !== true);',
      'return decisions[0]?.isAllowed === true ? undefined : wanted[0];',
    ],
  ]),
  ...mutantsOf(`${ACCESS}/passes.ts`, { ...passes, grep: 'passes' }, [
    [
      'the end of a pass',
      'return nowMs < exp + LEEWAY_MS ? authorization : undefined;',
      'return nowMs < exp + 1e12 ? authorization : undefined;',
    ],
    [
      'that a wrong password gets no pass',
      '    if (authorization !== undefined) await authenticator.authorize(ctx, []);\n',
      '',
      '',
    ],
    [
      'that no pass is sealed into another',
      'if (authorization !== undefined && !/^basic /i.test(authorization))',
      'if (authorization === "")',
    ],
  ]),
  ...mutantsOf(`${ACCESS}/pass-url.ts`, { tests: ['test/access/pass-url.test.ts'] }, [
    [
      'that passwords are sent where nobody reads them',
      'return () => (isPrivate(url) ? url : undefined);',
      'return () => url;',
    ],
    ['that a proxy on this machine has clients elsewhere', ' && !isProxied(ctx.req)', ''],
  ]),
  ...mutantsOf('services/registry/access/delegation.ts', administer, [
    [
      'the groups that a giver is not in',
      'if (group !== undefined) return `it would',
      'if (group === "") return `it would',
    ],
    ['groups by the name of a robot', '[...groups, ...this.#groupsOf(robot)].find', '[...groups].find'],
    [
      'rules that name a robot',
      'return rule && `the rule',
      "return rule?.name === '' ? '' : undefined && `the rule",
    ],
    [
      'denials',
      "if (rule.effect === 'deny' && !this.#isForRobots(rule)) return { deniedBy: rule.name };",
      '',
    ],
    ['that all actions have to be allowed', 'ACTIONS.every((action) => actions.includes(action)) && ', ''],
    ['that everything has to be allowed everywhere', ' && repositories.some(isForAll);', ';'],
  ]),
  ...mutantsOf('services/token/robots/robots.ts', administer, [
    [
      'the check of a new robot',
      '  refuseMore(delegation, ctx, name, groups);\n  await recordChange',
      '  await recordChange',
    ],
    [
      'the check of a rotation',
      "  refuseMore(delegation, ctx, name, (await issued.find('robot', name))?.groups ?? []);\n",
      '',
    ],
    [
      'the record of a rotation',
      "  await recordChange(audit, ctx, { action: 'robot.rotate', details: { robot: name } });\n",
      '',
    ],
    [
      'the record of a new robot',
      "  await recordChange(audit, ctx, { action: 'robot.create', details: { robot: name, groups } });\n",
      '',
    ],
  ]),
  ...mutantsOf('services/token/robots/robots.ts', { tests: ['test/accounts/rotation.test.ts'] }, [
    [
      'the check of a rotation as it is written',
      '    check: ({ groups }) => refuseMore(delegation, ctx, name, groups),\n',
      '',
    ],
  ]),
  ...mutantsOf(
    'services/token/grant.ts',
    { tests: ['test/access/administer.test.ts', 'test/access/viewers.test.ts'] },
    [
      [
        'whose groups a token names',
        "if (wanted.action === 'administer') delegable = delegation.delegableBy(subject);",
        "delegable = '*';",
      ],
      [
        'what lists may show',
        'pullable: showsLists ? rules.pullable(subject) : undefined,',
        'pullable: undefined,',
      ],
    ],
  ),
  ...mutantsOf('services/registry/access/accounts.ts', { tests: ['test/accounts/sources.test.ts'] }, [
    [
      'that another source hears no password',
      'username.endsWith(`@${source.name}`)) return [[source, name]];',
      'username.endsWith(`@${source.name}`)) return this.#sources.map((each) => [each, each === source ? name : username]);',
    ],
  ]),
];

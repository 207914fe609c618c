import { Command, type Option } from 'commander';
import type { Config } from '../config/schema.ts';
import type { Audit } from '../registry/audit/audit.ts';
import type { ObjectStore } from '../registry/storage/object-store.ts';
import { DEFAULT_CONFIG } from './arguments.ts';

/** With `only-read`, nothing is written to the store, which may be read-only or belong to another user. */
type CommandMode = 'write' | 'only-read';

/** Values of options: as untyped as in Commander's own actions. */
type OptionValues = ReturnType<Command['getOptionValue']>;

/** The option that {@link CliCommand.withJson} adds. */
export interface JsonOption {
  readonly json: boolean;
}

/** What a command over a store works with. Name the options where a mistyped one would do harm. */
export interface StoreWork<Options = OptionValues> {
  readonly objects: ObjectStore;
  readonly settings: Config;
  readonly audit: Audit;
  readonly options: Options;
  /** The argument before the configuration file; empty for a command without one. */
  readonly argument: string;
}

const HELP = ['-h', '--help'];

/** A command of `roadstead`: Commander's, with what several commands share. */
export class CliCommand extends Command {
  override createCommand(name?: string): CliCommand {
    return new CliCommand(name);
  }

  /**
   * Adds an option that takes one value at most: an option with several would take the argument behind it, too. A value that is
   * spelled as one of the command's options is refused: the value was forgotten.
   */
  override addOption(option: Option): this {
    if (option.variadic) throw new TypeError(`${option.flags}: let it be repeated instead`);
    this.on(`option:${option.name()}`, (value: unknown) => {
      const flags = this.options.flatMap(({ short, long }) => [short, long]);
      if (typeof value === 'string' && [...HELP, ...flags].includes(value))
        this.error(`error: option '${option.flags}' argument missing`, {
          code: 'commander.optionMissingArgument',
        });
    });
    return super.addOption(option);
  }

  /** Adds a command below this one, and returns it. */
  subcommand(name: string, description: string): CliCommand {
    return this.command(name).description(description);
  }

  /** Adds the configuration file, as the last argument. */
  withConfig(): this {
    return this.argument('[config]', 'configuration file', DEFAULT_CONFIG);
  }

  /** Adds the option `--json`. */
  withJson(description = 'answer in JSON'): this {
    return this.option('--json', description, false);
  }

  /**
   * Adds the configuration file as the last argument, and runs `act` over its store, which is closed afterwards. `load`
   * imports the code: only this command needs it.
   */
  overStore<Code>(
    mode: CommandMode | ((options: OptionValues) => CommandMode),
    load: () => Promise<Code>,
    act: (code: Code, work: StoreWork) => Promise<void>,
  ): this {
    return this.withConfig().action(async () => {
      const [config, argument = ''] = this.processedArgs.toReversed();
      const options = this.opts();
      // First, since opening a store for writes may change the user of this process (`actor.ts`).
      const code = await load();
      const { withStore } = await import('../serve/serve.ts');
      await withStore(config, typeof mode === 'string' ? mode : mode(options), (objects, settings, audit) =>
        act(code, { objects, settings, audit, options, argument }),
      );
    });
  }
}

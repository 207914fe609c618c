/**
 * The exit code of a service whose configuration cannot be used (EX_CONFIG of sysexits.h): a restart mends nothing, and
 * units have `RestartPreventExitStatus=78`. Every other failed start ends with 1, and is worth another try.
 */
export const EXIT_CONFIG = 78;

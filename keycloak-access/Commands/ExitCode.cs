namespace KeycloakAccess.Commands;

/// <summary>What a verb ends with, for scripts and pipelines. The service itself ends with 0, or with 1 if it cannot start.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>The database, a file, the network or the configuration stands in the way. Trying again may help.</summary>
    public const int Failed = 1;

    /// <summary>The command line or the document is wrong. Trying again helps nobody.</summary>
    public const int Invalid = 2;

    /// <summary>The answer is no: there are differences, apply was declined, a refusal was explained, or nobody can.</summary>
    public const int No = 3;
}

namespace KeycloakRealm.Import;

/// <summary>The message names the place and the reason.</summary>
internal sealed class RealmFileException : Exception
{
    public RealmFileException(string place, string reason)
        : base($"{place}: {reason}")
    {
    }

    public RealmFileException()
    {
    }

    public RealmFileException(string message)
        : base(message)
    {
    }

    public RealmFileException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

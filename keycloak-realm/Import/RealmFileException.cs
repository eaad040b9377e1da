namespace KeycloakRealm.Import;

/// <summary>The message names the place and the reason.</summary>
internal sealed class RealmFileException : Exception
{
    public RealmFileException(string place, string reason)
        : base($"{place}: {reason}")
    {
        Place = place;
        Reason = reason;
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

    public string Place { get; } = "";

    public string Reason { get; } = "";
}

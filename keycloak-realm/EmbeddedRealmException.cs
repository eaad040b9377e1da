namespace KeycloakRealm;

/// <summary>
/// The embedded realm cannot start: the file is missing or wrong, the port is taken, or the environment is none in which it
/// may run. The message is one line that says what to do.
/// </summary>
public sealed class EmbeddedRealmException : Exception
{
    public EmbeddedRealmException()
    {
    }

    public EmbeddedRealmException(string message)
        : base(message)
    {
    }

    public EmbeddedRealmException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

namespace KeycloakAccess.Data;

/// <summary>The database cannot be used as configured. The message names the setting and the remedy.</summary>
internal sealed class DatabaseException : Exception
{
    public DatabaseException()
    {
    }

    public DatabaseException(string message)
        : base(message)
    {
    }

    public DatabaseException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

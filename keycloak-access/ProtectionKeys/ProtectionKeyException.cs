namespace KeycloakAccess.ProtectionKeys;

/// <summary>Ends the start. The message names what is wrong and the remedy.</summary>
internal sealed class ProtectionKeyException : Exception
{
    public ProtectionKeyException()
    {
    }

    public ProtectionKeyException(string message)
        : base(message)
    {
    }

    public ProtectionKeyException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

namespace KeycloakRealm.Tokens;

/// <summary>Keycloak answers 500 then.</summary>
internal sealed class UnknownAlgorithmException : Exception
{
    public UnknownAlgorithmException(string algorithm)
        : base($"There is no signature algorithm {algorithm}. Correct the realm's defaultSignatureAlgorithm or the client's attribute.")
    {
    }

    public UnknownAlgorithmException()
    {
    }

    public UnknownAlgorithmException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}

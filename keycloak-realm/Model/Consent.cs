namespace KeycloakRealm.Model;

/// <summary>What a user has granted a client for good.</summary>
/// <param name="Client">The client.</param>
/// <param name="Items">Names of scopes, and <see cref="ClientItself"/>.</param>
/// <param name="Created">Unix milliseconds.</param>
/// <param name="Updated">Unix milliseconds.</param>
internal sealed record Consent(Client Client, IReadOnlyList<string> Items, long Created, long Updated)
{
    /// <summary>Stands for the client's own text among the scopes; no scope has this name.</summary>
    public const string ClientItself = "";
}

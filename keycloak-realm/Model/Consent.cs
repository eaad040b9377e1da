namespace KeycloakRealm.Model;

/// <summary><c>Items</c> are names of scopes and <see cref="ClientItself"/>; times are Unix milliseconds.</summary>
internal sealed record Consent(Client Client, IReadOnlyList<string> Items, long Created, long Updated)
{
    /// <summary>The client's own consent text; no scope has this name.</summary>
    public const string ClientItself = "";
}

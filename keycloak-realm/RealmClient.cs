namespace KeycloakRealm;

/// <summary>A client of the realm file.</summary>
/// <param name="ClientId">The client's id.</param>
/// <param name="Secret">The secret, placeholders resolved; null for public clients.</param>
/// <param name="Name">Its name, or its description where it has no name.</param>
/// <param name="Enabled">Whether the client is enabled.</param>
/// <param name="PublicClient">Whether it has no secret.</param>
/// <param name="ServiceAccountsEnabled">Whether it may ask for tokens for itself.</param>
public sealed record RealmClient(
    string ClientId, string? Secret, string? Name, bool Enabled, bool PublicClient, bool ServiceAccountsEnabled)
{
    /// <summary>Whether people may sign in through it.</summary>
    public bool StandardFlowEnabled { get; init; }
}

namespace KeycloakRealm.Model;

/// <summary>Nobody signs in through it; the sign-in page shows that it is there.</summary>
internal sealed record IdentityProvider(string Alias, string Name, bool IsEnabled, bool IsHidden)
{
    public bool Is(string alias) => string.Equals(Alias, alias, StringComparison.Ordinal);
}

using KeycloakAccess.Authentication;
using KeycloakRealm;

namespace Api.Development;

/// <summary>Finds in a realm file the two clients that section <c>Keycloak</c> names.</summary>
internal sealed class RealmClients(IReadOnlyList<RealmClient> clients, string file)
{
    private const string Resource = "acme-api";
    private const string SignIn = "acme-admin";

    /// <param name="configured">The client id in the configuration, if there is one.</param>
    /// <returns>The client id of the API.</returns>
    public string FindResource(string? configured) => Find(
        configured ?? Resource,
        isMeant: configured is not null,
        "Keycloak:resource",
        "the client whose roles are those of the API",
        // A resource server, which gets no tokens itself.
        client => client is { Enabled: true, PublicClient: false, StandardFlowEnabled: false, ServiceAccountsEnabled: false }).ClientId;

    /// <inheritdoc cref="FindResource"/>
    /// <returns>The client through which staff sign in, with its secret.</returns>
    public RealmClient FindSignIn(string? configured)
    {
        var found = Find(
            configured ?? SignIn,
            isMeant: configured is not null,
            "Keycloak:sign-in:resource",
            "the client through which staff sign in: confidential, with a secret and the standard flow",
            CanSignIn);
        return CanSignIn(found) ? found : throw new KeycloakConfigurationException(
            $"The client {found.ClientId} of the realm file {file} cannot be the one through which staff sign in, because "
            + (!found.Enabled ? "it is disabled."
                : found.PublicClient ? "it is public: set publicClient to false, and a secret."
                : !found.StandardFlowEnabled ? "its standard flow is switched off: set standardFlowEnabled to true."
                : "it has no secret.")
            + " Keycloak:sign-in:resource names another one.");
    }

    private static bool CanSignIn(RealmClient client) =>
        client is { Enabled: true, PublicClient: false, StandardFlowEnabled: true, Secret.Length: > 0 };

    private RealmClient Find(string id, bool isMeant, string key, string what, Func<RealmClient, bool> fits)
    {
        if (clients.FirstOrDefault(client => client.ClientId == id) is { } named)
        {
            return named;
        }

        var candidates = clients.Where(fits).ToArray();
        return candidates is [var only] && !isMeant ? only : throw new KeycloakConfigurationException(
            $"The realm file {file} has no client {id}. Add {what}, or name it: {key}. "
            + (candidates.Length == 0
                ? "No client of the file is one."
                : $"It may be {string.Join(", ", candidates.Select(each => each.ClientId))}."));
    }
}

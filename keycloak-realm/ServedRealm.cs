using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;

namespace KeycloakRealm;

/// <summary>A realm that is served.</summary>
/// <param name="Name">The realm's name, as in the file.</param>
/// <param name="Issuer">The issuer: <c>{Url}/realms/{realm}</c>.</param>
/// <param name="People">Who can sign in, in the order of the file.</param>
/// <param name="Clients">The clients of the file, without those that every realm has.</param>
public sealed record ServedRealm(string Name, string Issuer, IReadOnlyList<RealmPerson> People, IReadOnlyList<RealmClient> Clients)
{
    private static readonly HashSet<string> BuiltIn = new(
        ["account", "account-console", "admin-cli", "broker", "realm-management", "security-admin-console"], StringComparer.Ordinal);

    internal static ServedRealm Of(RealmSite site) => new(
        site.Realm.Name,
        site.Issuer,
        [.. site.Realm.Users.Values.Where(user => user.ServiceAccountOf is null).Select(user => Describe(site.Realm, user))],
        [
            .. site.Realm.Clients.Values.Where(client => !BuiltIn.Contains(client.ClientId)).Select(client => new RealmClient(
                client.ClientId, client.PublicClient ? null : client.Secret, client.Name ?? client.Description, client.Enabled,
                client.PublicClient, client.ServiceAccountsEnabled)
            {
                StandardFlowEnabled = client.StandardFlowEnabled,
            }),
        ]);

    private static RealmPerson Describe(Realm realm, User user)
    {
        var usual = RealmRole.Expand([realm.DefaultRole]);
        var roles = user.EffectiveRoles().Where(role => !usual.Contains(role))
            .Select(role => role.Client is null ? role.Name : $"{role.Client.ClientId}/{role.Name}");
        var name = user.FullName.Length > 0 ? user.FullName : user.Username;
        return new RealmPerson(user.Username, user.Password?.Plain, name, user.Enabled, string.Join(", ", roles));
    }
}

using KeycloakRealm.Admin;

namespace KeycloakRealm.Account;

internal static class MembershipsResource
{
    public static AdminAnswer List(AccountRequest request) => AdminAnswer.Ok(request.User.Groups.Select(group =>
    {
        var json = Representations.Of(group, [], counted: false);
        if (request.Query("briefRepresentation") is "false")
        {
            Representations.AddDetails(json, group);
        }

        return json;
    }));
}

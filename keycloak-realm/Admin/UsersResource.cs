using System.Text.Json.Nodes;
using KeycloakRealm.Model;
using static KeycloakRealm.Admin.AdminRoles;

namespace KeycloakRealm.Admin;

/// <summary>Service accounts are users too; lists and searches leave them out.</summary>
internal static class UsersResource
{
    private const string Name = "UserRepresentation";
    private const int UsualPage = 100;

    private static readonly string[] Fields = ["username", "email", "firstName", "lastName"];

    public static AdminAnswer NotFound => AdminAnswer.NotFound("User not found");

    public static AdminAnswer Find(AdminRequest request) =>
        AdminAnswer.Ok(Listed(request, request.Page(Matching(request), UsualPage), request.Asks("briefRepresentation")));

    public static AdminAnswer Count(AdminRequest request) => AdminAnswer.Ok(JsonValue.Create(Matching(request).Count()));

    public static AdminAnswer Read(AdminRequest request)
    {
        if (request.User is not { } user)
        {
            return NotFound;
        }

        var manage = request.May(ManageUsers);
        var json = Representations.Of(request.Realm, user);
        json["access"] = new JsonObject
        {
            ["manageGroupMembership"] = manage,
            ["resetPassword"] = manage,
            ["view"] = true,
            ["mapRoles"] = manage,
            ["impersonate"] = request.May(Impersonation),
            ["manage"] = manage,
        };
        return AdminAnswer.Ok(json);
    }

    public static AdminAnswer Add(AdminRequest request)
    {
        if (request.Representation("user", Name, out var refusal) is not { } body)
        {
            return refusal;
        }

        if (body["username"]?.ToString() is not { Length: > 0 } name)
        {
            return AdminAnswer.Refused(StatusCodes.Status400BadRequest, "User name is missing");
        }

        var user = new User
        {
            Id = Guid.NewGuid().ToString(),
            Username = name.ToLowerInvariant(),
            CreatedTimestamp = request.Site.Clock.GetUtcNow().ToUnixTimeMilliseconds(),
        };
        user.Roles = [request.Realm.DefaultRole];
        if (Apply(body, user) is { Status: not StatusCodes.Status204NoContent } refused)
        {
            return refused;
        }

        if (request.Realm.Users.ContainsKey(user.Username))
        {
            return AdminAnswer.Refused(StatusCodes.Status409Conflict, "User exists with same username");
        }

        if (IsTaken(request.Realm, user))
        {
            return AdminAnswer.Refused(StatusCodes.Status409Conflict, "User exists with same email");
        }

        request.Realm.Add(user);
        return AdminAnswer.Created($"{request.Site.ServerUrl}/admin/realms/{request.Realm.PathSegment}/users/{user.Id}");
    }

    public static AdminAnswer Change(AdminRequest request)
    {
        if (request.User is not { } user)
        {
            return NotFound;
        }

        return request.Representation("user", Name, out var refusal) is { } body ? Change(request, body, user) : refusal;
    }

    public static AdminAnswer Remove(AdminRequest request)
    {
        if (request.User is not { } user)
        {
            return NotFound;
        }

        request.Realm.Remove(user);
        request.Site.Sessions.EndAll(session => session.User == user);
        return AdminAnswer.NoContent;
    }

    public static AdminAnswer Groups(AdminRequest request) => request.User is { } user
        ? AdminAnswer.Ok(user.Groups.Select(group => Representations.Of(group, [], counted: false)))
        : NotFound;

    public static IEnumerable<JsonObject> Listed(AdminRequest request, IEnumerable<User> users, bool brief = false) => users.Select(user =>
    {
        var json = Representations.Of(request.Realm, user, brief);
        json["access"] = new JsonObject { ["manage"] = request.May(ManageUsers) };
        return json;
    });

    private static AdminAnswer Change(AdminRequest request, JsonObject body, User user)
    {
        var answer = Apply(body, user);
        request.Site.BruteForce.Release(user);
        return answer;
    }

    private static AdminAnswer Apply(JsonObject body, User user) => new Changes(body)
        .Flag("enabled", value => user.Enabled = value)
        .Text("email", value => user.Email = value.Length > 0 ? value.ToLowerInvariant() : null)
        .Flag("emailVerified", value => user.EmailVerified = value)
        .Text("firstName", value => user.FirstName = value.Length > 0 ? value : null)
        .Text("lastName", value => user.LastName = value.Length > 0 ? value : null)
        .Texts("requiredActions", value => user.RequiredActions = value)
        .Password("credentials", value => user.Password = value)
        .Apply();

    private static bool IsTaken(Realm realm, User user) =>
        user.Email is not null
            && realm.Users.Values.Any(other => other != user && string.Equals(other.Email, user.Email, StringComparison.Ordinal));

    private static IEnumerable<User> Matching(AdminRequest request)
    {
        var exact = request.Asks("exact");
        bool Fits(string name, string? value) => request.Query(name) is not { } wanted
            || (value is not null && (exact
                ? string.Equals(value, wanted, StringComparison.OrdinalIgnoreCase)
                : value.Contains(wanted, StringComparison.OrdinalIgnoreCase)));

        // A filter by an exact field returns service accounts too.
        var byField = Fields.Any(name => request.Query(name) is not null);
        return request.Realm.Users.Values
            .Where(user => byField || user.ServiceAccountOf is null)
            .Where(user => request.Query("search") is not { } text || IsFound(user, text))
            .Where(user =>
                Fits("username", user.Username)
                && Fits("email", user.Email)
                && Fits("firstName", user.FirstName)
                && Fits("lastName", user.LastName))
            .Where(user => request.Query("enabled") is null || user.Enabled == request.Asks("enabled"))
            .OrderBy(user => user.Username, StringComparer.Ordinal);
    }

    private static bool IsFound(User user, string text)
    {
        if (text.StartsWith("id:", StringComparison.Ordinal))
        {
            return text[3..].Split(' ', StringSplitOptions.RemoveEmptyEntries).Contains(user.Id, StringComparer.Ordinal);
        }

        string?[] fields = [user.Username, user.Email, user.FirstName, user.LastName];
        return text.Split(' ', StringSplitOptions.RemoveEmptyEntries).All(word =>
            Array.Exists(fields, value => value?.Contains(word.Trim('*', '"'), StringComparison.OrdinalIgnoreCase) is true));
    }
}

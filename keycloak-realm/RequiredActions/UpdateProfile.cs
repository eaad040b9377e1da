using KeycloakRealm.Endpoints;
using KeycloakRealm.Model;
using KeycloakRealm.Pages;
using KeycloakRealm.Tokens;

namespace KeycloakRealm.RequiredActions;

/// <summary>One action shows the profile because somebody says so, the other because something in it is missing or wrong.</summary>
internal sealed class UpdateProfile(bool verifies) : IRequiredAction
{
    public const string Name = "UPDATE_PROFILE";
    public const string VerifyName = "VERIFY_PROFILE";

    public bool CanBeRequested => !verifies;

    public string Show(ActionContext action, ProtocolForm query)
    {
        var fields = FieldsOf(action, sent: null);
        return UpdateProfilePage.Render(
            action,
            verifies ? fields : [.. fields.Select(field => field with { Errors = [] })],
            verifies ? null : action.Demand("You need to update your user profile to activate your account."));
    }

    public Task<ActionAnswer> TakeAsync(ActionContext action, ProtocolForm form)
    {
        var fields = FieldsOf(action, form);
        return Task.FromResult(fields.Exists(field => field.Errors.Count > 0) || ChangesName(action, form)
            ? new ActionAnswer(UpdateProfilePage.Render(action, fields, alert: null))
            : Keep(action, fields));
    }

    private static ActionAnswer Keep(ActionContext action, List<ProfileField> fields)
    {
        var user = action.User;
        foreach (var (attribute, values) in fields.Where(field => field.Attribute.CanEdit).Select(field => (field.Attribute, field.Values)))
        {
            var given = values.Where(value => value.Length > 0).ToList();
            var value = given.Count == 0 ? null : given[0];
            switch (attribute.Name)
            {
                case ProfileAttribute.Username when value is not null && value.ToLowerInvariant() is var name && name != user.Username:
                    action.Site.Realm.Rename(user, name);
                    break;
                case ProfileAttribute.Username:
                    break;
                case ProfileAttribute.Email:
                    user.ChangeEmail(value?.ToLowerInvariant());
                    break;
                case "firstName":
                    user.FirstName = value;
                    break;
                case "lastName":
                    user.LastName = value;
                    break;
                default:
                    user.SetAttribute(attribute.Name, given);
                    break;
            }
        }

        return ActionAnswer.Done;
    }

    /// <summary>A name that may not be changed is on no form; Keycloak refuses one all the same.</summary>
    private static bool ChangesName(ActionContext action, ProtocolForm form) =>
        !action.Site.Realm.EditUsernameAllowed
        && form["username"] is { } name
        && !string.Equals(name, action.User.Username, StringComparison.OrdinalIgnoreCase);

    /// <summary>What somebody may change and does not send is empty; its field shows what was known all the same.</summary>
    private static List<ProfileField> FieldsOf(ActionContext action, ProtocolForm? sent)
    {
        var realm = action.Site.Realm;
        var request = action.Tab.Request;
        var scopes = ScopeSelection.Select(request.Client, action.User, request.Scope).Select(scope => scope.Name).ToList();
        bool Applies(IReadOnlyList<string> wanted) => wanted.Count == 0 || wanted.Intersect(scopes, StringComparer.Ordinal).Any();
        return
        [
            .. realm.Profile.Attributes
                .Where(attribute => attribute.CanView && Applies(attribute.Scopes))
                .Where(attribute => attribute.Name is not ProfileAttribute.Username || realm.EditUsernameAllowed)
                .Select(attribute => attribute with
                {
                    IsRequired = attribute.Name is ProfileAttribute.Username || attribute.IsRequired && Applies(attribute.RequiredScopes),
                    RequiredScopes = [],
                })
                .Select(attribute =>
                {
                    var known = KnownValues(action.User, attribute.Name);
                    var given = sent?.Values(attribute.Name) ?? [];
                    IReadOnlyList<string> values = given.Count > 0 ? given : sent is null || !attribute.CanEdit ? known : [];
                    return new ProfileField(attribute, given.Count > 0 ? given : known, [.. Errors(action, attribute, known, values)])
                    {
                        Values = values,
                    };
                }),
        ];
    }

    private static IEnumerable<string> Errors(
        ActionContext action, ProfileAttribute attribute, IReadOnlyList<string> known, IReadOnlyList<string> values)
    {
        if (!attribute.CanEdit && !known.SequenceEqual(values.Where(value => value.Length > 0), StringComparer.Ordinal))
        {
            yield return "This field is read only.";
        }

        foreach (var message in attribute.Errors(values))
        {
            yield return message;
        }

        if (attribute.Name is ProfileAttribute.Username && values is [{ Length: > 0 } name]
            && IsTaken(action, other => other.Username, name))
        {
            yield return "Username already exists.";
        }

        if (attribute.Name is ProfileAttribute.Email && values is [{ Length: > 0 } email] && !action.Site.Realm.DuplicateEmailsAllowed
            && IsTaken(action, other => other.Email, email))
        {
            yield return "Email already exists.";
        }
    }

    private static bool IsTaken(ActionContext action, Func<User, string?> field, string value) =>
        action.Site.Realm.Users.Values.Any(other =>
            other != action.User && string.Equals(field(other), value, StringComparison.OrdinalIgnoreCase));

    private static IReadOnlyList<string> KnownValues(User user, string name) => name switch
    {
        ProfileAttribute.Username => [user.Username],
        ProfileAttribute.Email => user.Email is { } email ? [email] : [],
        "firstName" => user.FirstName is { } first ? [first] : [],
        "lastName" => user.LastName is { } last ? [last] : [],
        _ => user.Attributes.GetValueOrDefault(name) ?? [],
    };
}

using System.Globalization;
using KeycloakRealm.Endpoints;
using KeycloakRealm.Pages;

namespace KeycloakRealm.RequiredActions;

internal sealed class AcceptTerms : IRequiredAction
{
    public const string Name = "TERMS_AND_CONDITIONS";

    /// <summary>Holds when they were accepted, in Unix seconds.</summary>
    public const string Attribute = "terms_and_conditions";

    public bool CanBeRequested => false;

    public string Show(ActionContext action, ProtocolForm query) => TermsPage.Render(action);

    public Task<ActionAnswer> TakeAsync(ActionContext action, ProtocolForm form)
    {
        action.User.SetAttribute(Name);
        if (form["cancel"] is not null)
        {
            action.User.SetAttribute(Attribute);
            return Task.FromResult(new ActionAnswer(Refusal: "termsAndConditionsDeclined"));
        }

        action.User.SetAttribute(Attribute, action.Site.Now.ToString(CultureInfo.InvariantCulture));
        return Task.FromResult(ActionAnswer.Done);
    }
}
